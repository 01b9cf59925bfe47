"""Function words, which count less in BM25, and the language of a text by them.

The lists are short on purpose: words that hold a sentence together and say nothing about its
subject. Names of commands and operators (`get`, `use`, `like`, `all`) are none.
"""
# ruff: noqa: RUF001  (Cyrillic letters that look like Latin ones)

from __future__ import annotations

from collections.abc import Iterable, Sequence

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "english": """
            a about after also am an and are as at be because been before being both but by can
            could d did do does doing don each few for from had has have having he her here him his
            how i if in into is isn it its itself just ll m me more most my no nor not of on or our
            out own re s same she should so some such t than that the their them then there these
            they this those through to too until ve very was we were what when where which while
            who whom whose why will with would you your""",
        "german": """
            aber als am an auch auf aus bei beim bin bis da damit dann das dass dem den denn der des
            die dies diese diesem diesen dieser dieses doch durch ein eine einem einen einer eines
            er es für gibt haben hat ich ihr ihre im in ist ja kann kein keine können man mehr mein
            meine mich mir mit muss nach nicht noch nun nur ob oder sein seine sich sie sind so soll
            sollte über um und uns unser unter vom von vor wann war warum was welche welchem welchen
            welcher welches wenn wer werden wie wieso wir wird wo wurde zu zum zur zwischen""",
        "french": """
            à au aux avec c ce ces cet cette comment d dans de des dois doit donc du elle en entre
            est et être eux il ils j je l la le les leur leurs lors lui m ma mais me même mes mon n
            ne nos notre nous on ont ou où par pas peut peux plus pour pourquoi qu quand que quel
            quelle quelles quels qui quoi s sa sans se ses si son sont sur t ta te tes ton tu un une
            vos votre vous y""",
        "spanish": """
            a al como cómo con cuál cuales cuáles cuando cuándo de debe debo del desde donde dónde
            durante el él ella ellos en entre era es esta está están este esto estos fue ha hay la
            las le les lo los más me mi mis muy no nos o otra otro para pero por porque puede puedo
            que qué quien quién se según ser si sí sin sobre son su sus también te tiene tu un una
            unas unos y ya""",
        "italian": """
            a ad ai al alla alle anche che chi ci come con cosa cui da dal dalla dei del della delle
            deve devo di dove e è ed era essere fra gli ha hanno ho i il in io l la le lo loro ma mi
            nel nella non o per perché più posso può qual quale quali quando questa queste questi
            questo se senza si sia sono su sua sul sulla suo tra tu un una uno""",
        "portuguese": """
            a ao aos as às até com como da das de deve devo do dos e é ela ele em entre era essa
            esse esta está este eu foi há isso isto já mais mas me meu minha muito na não nas no nos
            nós o os ou para pela pelo por porque posso pode qual quais quando que quem se sem ser
            seu são sobre sua também tem um uma umas uns você""",
        "dutch": """
            aan al als bij dan dat de deze die dit door een en er geen had heb hebben heeft hem het
            hij hoe ik in is je kan kun kunnen maar me meer met mijn moet na naar niet nog nu of om
            onder ook op over te tot u uit van veel voor waar waarom wanneer was wat we welke wie
            wij worden wordt zal ze zich zijn zo zou""",
        "swedish": """
            alla att av behöver blir de den denna det detta dig din du där efter eller en ett finns
            från för ha han har hon hur i icke inte jag kan man med men mig min måste mot nej ni
            nog några när och om oss på sedan sig sin ska skulle som så till under upp ut vad var
            varför vem vi vid vilka vilken är""",
        "russian": """
            а без бы был была были было быть в вам вас во вот все вы где да для до его ее если
            есть еще же за зачем и из или им их к как какая какие какой ко когда кто ли либо мне
            могу может можно мой моя мы на надо нам нас не него нет ни но ну о об он она они от
            перед по под почему при с со так также такой там тем то того тоже той только том ту ты у
            уже чего чем что чтобы эта эти это этого этой этом этот я""",
    }.items()
}
"""Function words, by the name of the Snowball stemmer (https://snowballstem.org/algorithms/)."""

COMMON_WORDS = frozenset(["a", "and", "for", "in", "is", "of", "the", "to", "with", "you"])
"""English function words in about every third chunk of documentation, or more."""

_LATIN = [language for language in FUNCTION_WORDS if language != "russian"]

EVIDENCE = 2
"""Function words that show a language; one alone can be a name, such as `ai`, `man` or `os`."""


def detect_latin_language(words: Iterable[str]) -> str:
    """Return the language with the most function words among lower-case words.

    Return English unless two of the words are function words of the other language alone. Single
    letters don't count, since code has them too.
    """
    distinct = {word for word in words if len(word) > 1}
    counts = {language: len(distinct & FUNCTION_WORDS[language]) for language in _LATIN}
    best = max(_LATIN, key=lambda language: (counts[language], language == "english"))
    own = (distinct & FUNCTION_WORDS[best]) - FUNCTION_WORDS["english"]
    return best if len(own) >= EVIDENCE else "english"


def find_function_words(
    words: Sequence[str], *, evidence: int = EVIDENCE
) -> tuple[str, frozenset[str]]:
    """Find the language of lower-case words, and its function words.

    Args:
        words: the plain words of a text.
        evidence: function words of a language from which its words are taken for such.

    Returns:
        The Latin language, English if none is evident, and the function words of every language
        that they show.
    """
    language = detect_latin_language(words)
    found: frozenset[str] = frozenset()
    for name in (language, "russian"):
        common = FUNCTION_WORDS[name].intersection(words)
        # Code has single Latin letters, but no Cyrillic ones.
        clear = [word for word in common if len(word) > 1 or name == "russian"]
        if len(clear) >= evidence:
            found |= common
    return language, found
