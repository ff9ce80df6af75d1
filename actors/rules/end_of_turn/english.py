"""English words that tell whether a sentence goes on. Data only."""

HESITATIONS = frozenset(str.split("um uh uhm er erm eh hm hmm mm ah well like so let's"))
"""A speaker who says one of these is about to go on."""

OPEN = frozenset(
    str.split(
        # articles, possessives and other words that a noun follows
        "a an the my your his her our their its every each another any some no which whose other "
        "next "
        # prepositions
        "at by for from in into near of off on onto over per since than through to toward towards under until till "
        "upon via with within without about above across after against along among before behind below beside besides "
        "between beyond during except inside outside past regarding "
        # conjunctions
        "and but or nor so because if unless whether while although though when whenever where wherever as plus "
        # subjects
        "i we they he she who there "
        # verbs that are nothing by themselves
        "am is are was were be been isn't aren't wasn't weren't do does did don't doesn't didn't has hasn't had "
        "hadn't have haven't will would could should shall can may might must won't wouldn't couldn't shouldn't can't "
        "cannot i'm you're we're they're he's she's it's there's that's who's what's where's how's when's i'd you'd "
        "we'd they'd i'll you'll we'll they'll it'll i've you've we've they've let "
        # adverbs and other words that stand before what they are about
        "just also very quite rather only even maybe perhaps actually basically kind sort bit going gonna wanna "
        "trying supposed able hoping wondering planning thinking calling looking half quarter called named spelled "
        "how what why well um uh uhm er erm eh hm hmm"
    )
)
"""Words with which hardly any sentence ends."""

CLIPPED = frozenset(str.split("it up us me them him her you one some in on off out un all and this that these those"))
"""Short words that a recognizer also writes for the beginning of a longer word: they are no sign of an end."""

PARTICLES = frozenset(str.split("by down in off on out over through up"))
"""Words that belong to a verb of `WITH_PARTICLE` before them, and are no prepositions then."""

WITH_PARTICLE = frozenset(
    str.split(
        "back break call check clear come drop end fill find get give go hang hold hurry listen log look move pick put "
        "read ring run send set show shut sign stop switch take throw try turn wait wake walk warm write coming plug "
        "plugged broken checked filled locked logged picked signed switched turned worn"
    )
)
"""Verbs that go with a particle: "to come in"."""

OBJECTS = frozenset(str.split("it them him her me us you that this"))
"""Words that may stand between such a verb and its particle: "turn it off"."""

BEFORE_A_MONTH = frozenset(str.split("by during early for in late last mid next of since this through until"))
"""Words after which "may" is the month."""

MONTHS = frozenset(str.split("january february march april june july august september october november december"))
"""Months: a number beside one of them is a date. "may" is left out, since it is more often a verb."""

MINUTES = frozenset(str.split("fifteen thirty forty"))
"""Words that can be the minutes of a time of day."""

BEFORE_A_TIME = frozenset(str.split("about after around at before by from past since till until"))
"""What stands before a time of day."""

BEING = frozenset(str.split("am is are was were have has had haven't hasn't isn't aren't wasn't weren't"))
"""Verbs with which people answer in short: "yes, it is"."""

BEFORE_A_NUMBER = frozenset(str.split("is it's at on number code under"))
"""Words behind which somebody begins to give a number digit by digit: "you can reach me at"."""

BEFORE_WHOLE = frozenset(str.split("alright great no ok okay perfect well yeah yes"))
"""Words that may stand before a phrase of `WHOLE`, which stays complete: "okay, thank you"."""

CLOSING = frozenset(str.split("please anymore goodbye bye thanks today tomorrow much again cheers too"))
"""Words that nearly always stand at the end of a sentence."""

BEFORE_A_NOUN = frozenset(
    str.split(
        "whole real good working public private different human next last first second wisdom early late long "
        "short big small new old coming following remaining own same certain special general medical dental"
    )
)
"""Adjectives with which a sentence that has a verb seldom ends."""

TRANSITIVE = frozenset(
    str.split(
        "accept appreciate ask book bring buy charge check confirm cover discuss do drop find get give got has have "
        "know leave like make mean move need pay prefer put reach require say schedule see send show speak take talk "
        "tell trade try use want needs wants makes takes suppose guess think believe hope wanted needed wonder"
    )
)
"""Verbs that need an object after them, unless it stands before them as in a question ("what do you charge")."""

BEFORE_INFINITIVE = frozenset(
    str.split("able going got had has have how like liked love need needed needs supposed used want wanted wants where")
)
"""Words after which "to" begins an infinitive, and is no preposition that ends a question."""

BEFORE_A_NOUN_ALONE = frozenset(
    str.split("a an the my your his her our their its this that of in on by for at with free no any some extra")
)
"""Words after which only a noun can follow: "free of charge"."""

DETERMINERS = frozenset(str.split("a an the my your his her our their this that these those"))

NEGATED = frozenset(str.split("am is are was were do does did will would could should can may might has have had"))
"""Verbs that are followed by another verb or an adjective, also with "not"."""

BEFORE_A_VERB = frozenset(str.split("still ever never always already"))
"""Adverbs that stand between a subject and its verb, so that "I never" is not complete."""

ABOUT = frozenset(str.split("how what when where why if whether that"))
"""Words that begin what somebody wants to know or has heard: "tell me how ..."."""

BEGINS_CLAUSE = frozenset(str.split("when if whether because while after before since unless until that"))
"""Words that begin a subordinate clause in a question, whose verb is not that of the question: "what happens when I
close"."""

MORE = frozenset(str.split("more less fewer extra additional single"))
"""Words that, after a number or a word for one, are followed by a noun: "two more"."""

COUNTING = frozenset(str.split("one two three four five six seven eight nine ten a some few couple"))

OPINIONS = ("i think", "i guess", "i believe", "i suppose", "i hope", "i mean")
"""Opinions that are added to a sentence, which may be complete without them."""

AUXILIARIES = frozenset(
    str.split("do does did can could will would shall should may might must don't doesn't didn't won't")
)
"""Auxiliary verbs, which stand before the subject of a question; its main verb follows the subject."""

PRONOUNS = frozenset(str.split("i you he she it we they there that this somebody someone anybody anyone one"))
"""Subjects of one word, after which the main verb of a question follows."""

VERBS = frozenset(
    str.split(
        "accept add allow answer apply arrive ask be become begin belong bill book break bring build buy call cancel "
        "care carry change charge check choose clean close collect come complain complete confirm connect contact "
        "continue cost count cover cut deal decide deliver depart depend do drink drive drop eat end enter exist "
        "expect expire explain fall feel fill find finish fit fix fly follow get give go grow handle happen have hear "
        "help hold hurt include increase keep know land last lead learn leave let lie like list live look lose make "
        "matter mean meet mind miss move need offer open order park pass pay pick play post prefer prepare provide "
        "pull push put reach read receive recommend refund remove rent repair replace require reserve return ride run "
        "save say see seem sell send serve set ship show shut sign sit sleep smell sound speak spend stand start stay "
        "stop suit support take talk taste tell think touch train travel treat try turn use visit wait walk want wash "
        "watch wear weigh wish work write"
    )
)
"""Main verbs of such questions: a question without one is not complete."""

ASKING = frozenset(str.split("what when where which who why how whose what's where's who's when's how's"))
"""Words that begin a question for something."""

ASKING_FOR = frozenset(str.split("what which who whose what's who's"))
"""Question words to which a preposition at the end of the question can belong: "what can you help me with"."""

STRANDED = frozenset(str.split("about at for from in of on to with"))
"""Prepositions with which such a question can end."""

YES_NO = frozenset(
    str.split("yes yeah yep yup no nope nah sure correct right exactly absolutely definitely okay ok wrong incorrect")
)
"""Words that answer a yes-or-no question."""

DIGITS = frozenset(str.split("zero oh one two three four five six seven eight nine double triple"))
"""Digits as words."""

TWO_DIGITS = frozenset(
    str.split(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty "
        "sixty seventy eighty ninety"
    )
)
"""Words for two digits of a number that is given in groups."""

WHOLE = frozenset(
    str.split(
        "yes; yeah; yep; yes please; no; nope; no thanks; no thank you; ok; okay; sure; correct; that's "
        "right; that is right; that's correct; that's all; that's it; that's fine; right; exactly; of course; "
        "thanks; thank you; thank you very much; thanks a lot; many thanks; cheers; hi; help; hello; good "
        "morning; good afternoon; good evening; bye; goodbye; bye bye; see you; repeat; say again; say that "
        "again; pardon; sorry; stop; stop it; cancel; forget it; never mind; excuse me; "
        "none; nothing; nothing else; goodbye then; great thanks; wonderful thanks; perfect thanks; okay "
        "thanks; okay bye; thanks bye; please do; sounds good; perfect; great; wonderful; no that's all; no "
        "that's it; yes that's right; yes that is right",
        "; ",
    )
)
"""Short utterances that are complete."""

GREETINGS = frozenset(
    str.split(
        "hi; hello; sorry; okay; ok; good morning; good afternoon; good evening; right; excuse me; great; "
        "please; perfect; wonderful; thank you; thanks",
        "; ",
    )
)
"""Utterances of `WHOLE` with which people also begin a longer sentence."""

TITLES = frozenset(str.split("mr mister mrs missus ms miss doctor dr professor prof sir madam"))
"""Titles, which stand before a name and are no part of it."""

NAMING = tuple(
    str.split(
        "my name; my name is; my name's; the name is; the name's; name is; this is; i am; i'm; it is; it's; "
        "it is for; it's for; that is; that's; under; you can put it under; call me",
        "; ",
    )
)
"""What people say before their name."""

TO_BE = frozenset(str.split("am is are was were"))

BE_CONTRACTED = frozenset(str.split("i'm you're we're they're he's she's it's that's"))
"""Subjects together with such a verb."""

SUBJECTS = frozenset(
    str.split(
        "i you he she it we they that this i'm you're we're they're he's she's it's i'd you'd we'd they'd he'd she'd "
        "i'll you'll we'll they'll he'll she'll i've you've we've they've"
    )
)
"""Subjects of one word, also together with an auxiliary."""

BEFORE_A_GAP_VERB = AUXILIARIES | frozenset(
    str.split("not be been have has had to need want going able still also always usually really ever just already")
)
"""What stands between the subject of a clause and its verb: "what i need to bring"."""

ASKING_WITHIN = frozenset(str.split("what where which who whose when how"))
"""Words that begin a question within a sentence; "why" and "whether" ask for nothing that its verb lacks."""

OPENERS = frozenset(str.split("so and but or well ok okay because alright now"))
"""Behind one of these a question begins, and is none within a sentence."""

WITH_PREPOSITION = frozenset(str.split("speak talk"))
"""Verbs of `TRANSITIVE` that are joined to a person by a preposition."""

BEFORE_A_SUBJECT = ASKING_WITHIN | BEGINS_CLAUSE
"""Behind one of these, "you" and "it" are subjects: "do you know when you (open)"."""

DEGREES = frozenset(str.split("much many far big large old tall high heavy expensive busy bad good"))
"""Behind "how" these say what something is: "how much the room is", and not "how late the shop is (open)"."""

ANTECEDENTS = frozenset(
    str.split(
        "something anything nothing everything somebody someone nobody anybody anyone everybody everyone one ones "
        "person people man woman thing things all"
    )
)
"""Words behind which a clause often tells which is meant: "a person i could talk to"."""

ARTICLES = frozenset(str.split("a an the"))

BEFORE_RELATIVE = frozenset(str.split("that who whom which real else there"))
"""What may stand between such a word and its clause: "somebody real i could talk to"."""

NOT_OF_ONE = frozenset(str.split("chance fact feeling idea pity shame told tell asked promised assured showed"))
"""Nouns, and verbs before a noun, behind which "that" tells what is thought or said: "it's a shame that i have"."""

DEGREE_ADVERBS = frozenset(str.split("not quite rather really so too very"))
"""What stands between a form of "to be" and its adjective."""

ADVERBS_TOO = frozenset(str.split("late early long"))
"""Adjectives that are adverbs too."""

UNITS = frozenset(
    str.split("second seconds minute minutes hour hours day days week weeks month months year years meters feet miles")
)
"""With a number these measure what an adjective behind them says: "ten minutes late"."""

WITH_ADVERB = frozenset(
    str.split(
        "arrive arrived arrives begin close closes come comes came end finish go goes land leave leaves left open "
        "opens park pay paid return sit sleep speak start starts stay stop talk wait waited wake work works"
    )
)
"""Verbs behind which one of `ADVERBS_TOO` is an adverb: "if i pay late"."""

PREDICATES = frozenset(str.split("real good private public different long short big small new old late early"))
"""Adjectives of `BEFORE_A_NOUN` that stand behind a form of "to be" too."""

NO_SUBJECT = frozenset(str.split("there where what when who how which"))
"""Behind "is" and one of these, an adjective is followed by its noun: "is there good coffee"."""

PERFECT = frozenset(str.split("have has had haven't hasn't hadn't i've you've we've they've never ever"))
"""With these "before" is an adverb: "she has never been here before"."""
