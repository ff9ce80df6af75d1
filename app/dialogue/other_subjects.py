"""Sentences on all kinds of subjects, which compete with the intents of a dialogue. English.

Somebody who says that their phone is broken, or asks for a table for two, wants nothing that a dentist can do, though
they share words with those who do.
"""

import math
from collections.abc import Collection, Sequence
from functools import cache

from app.dialogue.matching import reduce, says_nothing
from app.dialogue.words import words_of

_TEXT = """
what is the weather like today; how is the weather on monday; who won the game on saturday; did you watch the
match; play some music; tell me a joke; tell me a story; book a flight to paris; book a hotel room for tuesday;
book a table at a restaurant for seven; make a reservation for dinner; i want to order a pizza; can you order
food for me; i need a taxi; i need a ride to the airport; when does the train leave; is my flight on time; what
is the capital of france; how high is the mountain; how old is the president; how many people live there; how do
i cook rice; what is the price of gas; how much is the ticket; the price of my shares; do you sell cars; do you
sell shoes; where can i buy a book; where is the nearest supermarket; my computer is broken; my phone does not
work; i forgot my password; my car is broken and needs a repair; my washing machine is broken; cancel my
subscription; cancel my order; cancel my membership; cancel my contract; i want to return a product; where is my
package; move my meeting to friday; we are moving to a new house; i am moving to the city; turn on the light;
set an alarm for half past six; remind me to buy milk; send a message to my friend; call my mother; what is the
meaning of that word; translate this into german; how do you spell that; my dog is sick and needs a vet; my back
hurts; i have a cold; i need new glasses; the children are playing in the garden; i went to the cinema with my
friends; he said that she was late for dinner; the meeting is in the conference room; i watched a good movie;
can you recommend a restaurant; happy birthday; i love you; who is the president; read me the news; sing a song
for me; bring me a glass of water; can you give me a loan; can you fix my bicycle; can you help me with my
homework; can you lend me some money; change my password; change the channel; close the window; do you have a
table free for two; do you have any rooms free this weekend; do you know a good recipe; do you like football; do
you like music; do you rent apartments; do you repair phones; how do i bake a cake; how do i change a tire; how
do i get a visa; how do i make soup; how do i install the program; how far is the moon; how fast is the car; how
is the traffic; how long does the flight take; how much is a house; how much does a new car cost; how much is
the rent; i am hungry; i am looking for a job; i am looking for a new apartment; i am tired and want to sleep; i
bought a new television; i have a question about my taxes; i need a hotel; i need a lawyer; i need a haircut; i
need to see a vet with my cat; i want to buy a ticket for sunday; i want to buy shoes; i want to learn to play
the guitar; i want to send a package; i would like to open a bank account; i would like to order some flowers; i
would like to rent a car; i would like to rent a room; it is raining again; let us play a game; make me a
sandwich; move the table to the kitchen; my house is on fire; my package has not come; my television does not
work; my neighbor is loud; open the door; open the garage; order a new battery; please water the flowers; read
the next page; search the internet for pictures; she is sitting in front of the house; switch off the
television; switch the light on; take me to the station; tell me about the history of rome; tell me the news;
the bus is late again; the cat is on the roof; the dog ran across the street; the school is closed thursday; the
shop is closed; they live in a big house; they sold their old car; turn the volume up; we had dinner with my
parents; we went for a walk; what do you think about politics; what is on television tonight; what is the name
of the river; what is the best phone; what is the population of the city; what language do they speak there;
what is two plus two; what should i cook for dinner; when is the concert; when is the next bus; when was the
war; when was he born; where did you grow up; where do i get a passport; where is my phone; where is my order;
where can i get coffee; which team is the best; who invented the telephone; who is the king; who is your
favorite singer; who wrote that book; why is the sky blue; write a letter to my aunt; you should read that book;
you can buy that in the store; my friend called me yesterday; my sister is getting married; my email is not
working; the printer has no paper; the report is due on wednesday; the children go to school at eight thirty; my
car is at the garage; change my hotel booking; change my flight; i want to change my seat on the plane; where
can i find a good restaurant; where can i find a hotel; where can i find the bank; is there a hotel around here;
is there a shop near here; can i talk to the bank; can i talk to my friend; i want to talk to the police; put me
through to the school; connect me with my brother; i want to close my account; i want to open a shop; i want to
move to a different city; we move house in the summer; help me move the furniture; where is a good place to eat;
is there a good school in town
"""
SENTENCES = tuple(" ".join(sentence.split()) for sentence in _TEXT.split(";"))


MOST_OF_OURS = 1 / 3
"""The most sentences on other subjects, as a share of the dialogue's own: more of them would outvote those."""


def on_other_subjects(own: Collection[str], count: int) -> Sequence[str]:
    """Those sentences of whose subject none of our `own` speaks: all that tells something in one is in none of ours.

    Args:
        own: what is said of our subjects.
        count: how many sentences are known in all.
    """
    subjects = [_telling(sentence) for sentence in own]
    others = [sentence for sentence, telling in _others() if not any(telling <= subject for subject in subjects)]
    return others[:: max(1, math.ceil(len(others) / max(1, count * MOST_OF_OURS)))]


@cache
def _others() -> Sequence[tuple[str, set[str]]]:
    """All sentences on other subjects, each with the words that tell its subject: the same for every dialogue."""
    return [(sentence, _telling(sentence)) for sentence in SENTENCES]


def _telling(sentence: str) -> set[str]:
    words = reduce(words_of(sentence.replace("{", " ").replace("}", " ")))
    return {word for word in words if not says_nothing(word)}
