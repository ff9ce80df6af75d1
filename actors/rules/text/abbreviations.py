"""Words that end with a full stop though no sentence ends there, in the languages that agents speak. Data only."""

# ruff: noqa: RUF001 - words of several scripts are what this file is about


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


TITLES = _words(
    "mr mrs ms mx dr prof rev hon gen col sgt capt lt cmdr sen rep gov pres vs",
    "mme mmes mlle mlles mgr sra srta sres dra sig sigra dott dottssa avv ing dhr mevr bzw zzgl bzgl evtl ggf nr núm",
    "med dent jur phil rer ee vgl z.b d.h u.a i.d.r p.ex p.ej bijv t.a.v frl dipl srtas sras dña exmo exma sigg mw",
)
"""Titles: a name follows, so that their full stop never ends a sentence."""

ABBREVIATIONS = _words(
    "inc ltd llc corp co bros dept est approx appt apt st ste mt ft ave blvd rd etc jr sr min max hr hrs sec mins",
    "tel ext cf al no nos fig vol jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur",
    "thurs fri sat sun ph.d ca incl excl misc attn assn govt univ fl flr rm bldg tsp tbsp oz qt",
    "lb lbs secs hwy pkwy pp ch pt acct sq",
    "inkl exkl abzgl usw ungef tägl env boul aprox pág avda ecc enz str mio mrd std geb wg hbf av bd réf",
    "apdo depto nº urb geom arch evt ong blz mwst ул г кв им руб тыс млн",
)
"""Abbreviations whose full stop ends a sentence only if one of `STARTERS` follows; so it is with initials."""

WEEKDAYS = _words(
    "mo di mi do fr sa so lun mar mié jue vie sáb dom mer jeu ven sam dim gio sab seg ter qua qui sex ma wo vr za zo",
)
"""Abbreviated weekdays: their full stop ends a sentence unless a number follows (`Mo. 3. Mai`). Many are also words."""

ABBREVIATED_ENDINGS = ("str",)
"""Words that end in one of these are treated like `ABBREVIATIONS`: `Bahnhofstr.`"""

STARTERS = _words(
    "a after all also an and any are at before but by can could did do does don for from have he here how however",
    "i if in is it its let may my no now of on or our please she should so sorry thank thanks that the their then",
    "there these they this those to we what when where which who why will with would yes you your",
    "das dann der diese dort ein eine er es haben hier ich ihr ihre können sie sind um und war wann wie wir wo",
    "ce cela ces c'est elle ici il je nous où pour quel souhaitez voulez vous",
    "ella en eso esta este hay nosotros para puede qué quiere usted",
    "che con gli lei noi per può questo sono è",
    "ele eu não ou pode quer você dat deze dit een het hij ik kan wat wij zij",
)
"""Words that begin sentences and are hardly ever a name."""

SHORT_WORDS = _words(
    "all any are ask be bye can car day did do far few fit for free get had has her him his how it its job key let low",
    "me my new not now off old one our out own pay put say see she six so ten the too try two up use was way who why",
    "yes yet you",
    "ab an bei da ist ja mit nun tun zu oui ici pas moi sí día hoy qué via são sim hoje uur wel",
)
"""Words of fewer than four letters that end sentences and are no abbreviations."""

MONTHS = _words(
    "januar jänner februar märz april mai juni juli august september oktober november dezember",
    "jan feb mär apr jun jul aug sep sept okt nov dez",
)
"""Names of months: before one a number with a full stop is an ordinal and ends no sentence (`am 3. Mai`)."""
