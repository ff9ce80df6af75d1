"""What callers say to any agent, whatever it is for: sentences that no dialogue has to list. English, data only."""

from collections.abc import Mapping
from enum import StrEnum


class Everyday(StrEnum):
    """A kind of sentence that callers say to every agent."""

    GREETING = "greeting"  # hello
    THANKS = "thanks"  # thank you
    GOODBYE = "goodbye"  # goodbye
    NEVER_MIND = "never_mind"  # never mind, start again
    REPEAT = "repeat"  # say that again
    PERSON = "person"  # I want to talk to a person
    HELP = "help"  # what can you do
    IDENTITY = "identity"  # who are you, are you a machine
    ANGER = "anger"  # you are useless


def _sentences(text: str) -> tuple[str, ...]:
    return tuple(" ".join(sentence.split()) for sentence in text.split(";"))


SENTENCES: Mapping[Everyday, tuple[str, ...]] = {
    Everyday.GREETING: _sentences(
        """
        hello; hi; hello how are you; how are you; how are you doing; good morning; good afternoon; good evening; hey
        there; nice to meet you; hi how is it going today; hello can you hear me; good day; good morning how are you;
        good afternoon how are you today; hello hello; hello good morning; hello is anybody there; hello are you
        there; hello how are you today; hey how are you; hey how is it going; hi there; hi how are you; hi good
        morning; how do you do; how are things; how is your day; how is everything with you; i hope you are well
        """
    ),
    Everyday.THANKS: _sentences(
        """
        thank you; thanks; thank you very much; thanks for your help; that is very kind; you are very helpful; great
        thank you; i appreciate it; that was very helpful thank you; cheers; good thank you; great thanks; i thank
        you; lovely thank you; many thanks; oh thank you; okay thank you; perfect thank you; thank you so much; thank
        you for the help; thank you that is great; thank you that is kind of you; thanks very much; thanks so much for
        your help; thanks that was helpful; that is very nice of you; that is great thank you; you are very kind; you
        helped me a lot; you have been a great help; wonderful thank you
        """
    ),
    Everyday.GOODBYE: _sentences(
        """
        goodbye; bye; bye bye; thank you goodbye; okay bye; see you; see you soon; have a nice day; have a good day;
        that is all goodbye; that is everything thank you bye; i am done; i have to go now; talk to you later; i will
        hang up; take care; alright goodbye; all right then bye; bye for now; bye and thank you; bye have a nice day;
        good night; goodbye and thanks; goodbye for now; have a good evening; have a great weekend; i am done thank
        you bye; i have everything goodbye; i have everything i need thank you; i have to go bye; i need to go; i will
        call back later bye; i will call again; no more questions goodbye; okay goodbye then; okay thank you bye bye;
        see you then; see you tomorrow; so long; talk to you soon; thank you have a nice day; thanks bye; that was all
        thank you goodbye; that will be all goodbye; you can hang up; let us finish here goodbye; until next time
        """
    ),
    Everyday.NEVER_MIND: _sentences(
        """
        never mind; forget it; forget about it; stop; stop it please; leave it; it is not important; i do not want to
        do this any longer; let's start over; start again; nothing; actually never mind; actually no forget it;
        actually stop; do not worry about it; drop it; enough; forget that; forget what i said; go back; i changed my
        mind; i do not want that any longer; i do not want to go on; it does not matter; it is okay forget it; it is
        not that important; leave it please; let us begin again; let us forget it; let us leave it; let us not do
        that; never mind that; no never mind; no stop; oh never mind; please stop that; start from the beginning; stop
        this please; that does not matter; that was wrong let us start again; wait forget that; you can forget it;
        forget the whole thing; never mind the whole thing; no leave the whole thing; forget all of that
        """
    ),
    Everyday.REPEAT: _sentences(
        """
        can you repeat that; repeat please; what did you say; say that again please; i did not hear you; i did not
        catch that; i did not understand; pardon; excuse me what was that; sorry what; come again please; could you
        say it once more; what was that; again please; can you say that again; could you repeat your question; excuse
        me; excuse me what did you say; huh what; i did not get that; i did not get what you said; i do not
        understand; i could not hear you; i can not hear you please repeat; i missed that; i missed what you said; one
        more time please; please say it again; please repeat the last thing; repeat; say it again; sorry i did not
        hear that; sorry i did not understand what you said; sorry what did you say; sorry could you repeat that; tell
        me again; tell me one more time; what; what did you just ask me; what did you tell me; what was the question;
        what was the last part; you were too quiet can you repeat; can you speak up; you said what
        """
    ),
    Everyday.PERSON: _sentences(
        """
        i want to talk to a person; can i talk to a person; is there a person i can talk to; let me talk to a person;
        connect me with a person; put me through to the person at the front desk; transfer me to a person; give me a
        person; i do not want to talk to a machine; can i talk to {someone}; put me through to {someone}; person
        please; i would rather talk to an actual person; get me a member of your staff; can somebody else help me; can
        i have a person please; could i talk to someone; i need a person; i need to talk to someone; i want a person;
        i want to talk to a colleague; i want to talk to someone in the office; i would like to be put through to a
        person; i would prefer a person; is anybody in the office i can talk to; is somebody available to talk; let me
        talk to the person in charge; may i talk to the manager; pass me to a person; put me through please; talk to a
        person; transfer me please; transfer my call; connect me please; connect me to the office; i do not like
        talking to a machine; i am tired of talking to a machine; i want to talk to a person and not to a machine;
        this is not working give me a person; you are not helping i want a person; who can i talk to; have someone
        call me back; is there somebody real; is there a real person i can talk to; could i have a real person; i
        would like a real person please
        """
    ),
    Everyday.HELP: _sentences(
        """
        help; what can you do; what can i say; how can you help me; what are my options; what can i do here; what can
        i ask; i do not know what to say; how does it work; what are you able to do; can you help me; what can i do;
        what can you do for me; what do you do; what do you know; what is possible; what kind of questions can i ask;
        what should i say; what are the options; what else can you do; what services do you have; tell me what you can
        do; tell me my options; explain how it works; how do i use this; how can i use this; how does this thing work;
        i am confused; i am not sure what to do; i do not know what to do; i need help; what things can you help with;
        give me some options; what is it that you can do; what exactly do you do; what things do you do; which things
        can i do here; what are you good for; what can be done here
        """
    ),
    Everyday.IDENTITY: _sentences(
        """
        are you a machine; am i talking to a machine; is this a machine; are you real; are you a real person or a
        machine; who are you; who am i talking to; what is your name; are you human; am i speaking with a person or a
        machine; are you a machine or a person; are you alive; are you an assistant; do i talk to a machine; do you
        have a name; is this a person; is this a real person; is this automatic; tell me your name; what are you; what
        should i call you; who is this; who is there; who am i speaking to; with whom am i speaking; you are a machine
        right; you sound like a machine; is that a real voice
        """
    ),
    Everyday.ANGER: _sentences(
        """
        you are useless; you are stupid; this is ridiculous; you are not listening; this is a waste of time; i hate
        this; shut up; damn it; are you kidding me
        """
    ),
}
"""The sentences of each kind; `{someone}` stands for a person."""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "person": _sentences(
        """
        human; human being; somebody; someone; anybody; anyone; secretary; assistant; team member; somebody real;
        operator; receptionist; agent; representative; staff; staff member; colleague; employee; front desk;
        reception; real person
        """
    ),
    "talk": _sentences(
        """
        speak; chat
        """
    ),
    "repeat": _sentences(
        """
        say again; one more time; once more
        """
    ),
    "machine": _sentences(
        """
        robot; computer; bot; recording; automated; artificial intelligence
        """
    ),
}
"""Words of these sentences, and the words and phrases that count as them."""
