"""The languages with a Snowball stemmer, and their function words.

Function words are the articles, conjunctions, pronouns, auxiliaries and bare prepositions that say
nothing about a product. The lists are short on purpose: words that shoppers mean (on, off, under)
stay, and BM25 weighs them down by itself; queries alone leave out `PREPOSITIONS` and read
`NEGATIONS`. The same words tell languages apart (`detection`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

ELISION = frozenset({"fr", "it", "ca"})
"""Languages that glue articles to words: l'huile, dell'acqua."""

STEMMED_WITHOUT_ACCENTS = frozenset(
    {"", "en", "fr", "es", "pt", "it", "ca", "nl", "de", "tr", "fa"}
)
"""Languages in which people leave accents out, or have two letters for one, and the stemmer copes:
folded before stemming. In all others the stemmer needs the accents and the stem is folded."""


def base_code(language: str) -> str:
    """ISO 639-1 code of the rules that a language follows: pt of "pt-BR", zh of "zh_Hans", no of
    "nb" and "nn"."""
    code = re.split("[-_]", language.lower(), maxsplit=1)[0]
    return {"nb": "no", "nn": "no"}.get(code, code)


class StemmedLanguage(NamedTuple):
    """`algorithm`: name of the Snowball stemmer."""

    algorithm: str
    function_words: frozenset[str]


def _language(algorithm: str, words: str) -> StemmedLanguage:
    return StemmedLanguage(algorithm, frozenset(words.split()))


LANGUAGES: dict[str, StemmedLanguage] = {
    "ar": _language(
        "arabic", "و في من على إلى عن مع هذا هذه ذلك التي الذي أو ثم هو هي أن إن ما لا"
    ),
    "ca": _language(
        "catalan",
        "el la els les un una uns unes de del dels d l i o a al als en que és són amb per aquest "
        "aquesta seu seva es s",
    ),
    "cs": _language(
        "czech",
        "a i v ve na z ze s se si je jsou to ten ta tento tato do k ke o u nebo že který která "
        "které jako by byl",
    ),
    "da": _language(
        "danish",
        "og i en et den det de der som er var af til at på har jeg du vi men eller sin sit deres",
    ),
    "de": _language(
        "german",
        "der die das den dem des ein eine einen einem einer eines und oder in im ist sind war zu "
        "zum zur von vom an am als auch es ich sie wir ihr sich dieser diese dieses",
    ),
    "el": _language(
        "greek",
        "ο η το οι τα του της των τον την τους τις και ή σε στο στη στην στον από για με είναι που "
        "ένα ένας μια να θα",
    ),
    "en": _language(
        "english",
        "a an and are as at be been but by i if in is it its my of or our that the their these "
        "this those to was we were will you your",
    ),
    "eo": _language("esperanto", "la kaj de en al el estas estis kiu kiuj ke por tiu ĉi ĝi aŭ"),
    "es": _language(
        "spanish",
        "el la los las un una unos unas de del y e o u a al en que es son su sus lo le les se este "
        "esta estos estas por como mi tu",
    ),
    "et": _language("estonian", "ja on ei see ta et või kui ka oli olid need mis kes oma"),
    "eu": _language("basque", "eta edo da dira du dute bat hau hori izan zen ere"),
    "fa": _language("persian", "و در به از که این آن را با برای است یک یا های می شود"),
    "fi": _language(
        "finnish",
        "ja tai on oli ovat se ne että joka jotka tämä nämä hän minä sinä me te myös kuin ei",
    ),
    "fr": _language(
        "french",
        "le la les l un une des du de d et ou à au aux en dans est sont ce cet cette ces que qui "
        "qu il elle nous vous ils elles son sa ses leur se s mon ma mes j",
    ),
    "ga": _language("irish", "an na agus nó i ar ag is tá ba le do de go sé sí"),
    "hi": _language("hindi", "और या का की के में से को पर है हैं था थे यह वह ये वे एक जो कि ने भी इस उस"),
    "hu": _language(
        "hungarian", "a az egy és vagy is van volt hogy ez ezek azok de ha mint meg ki be el"
    ),
    "hy": _language("armenian", "և ու կամ է են էր որ այս այդ այն մեջ իր ես դու նա"),
    "id": _language(
        "indonesian", "dan atau yang di ke dari pada ini itu adalah ada dalam akan oleh saya anda"
    ),
    "it": _language(
        "italian",
        "il lo la i gli le l un uno una di del dello della dei degli delle d e ed o a al allo alla "
        "ai alle in nel nella è sono che da dal dalla si suo sua questo questa mio c",
    ),
    "lt": _language("lithuanian", "ir ar yra buvo kad tai šis ši jis ji į iš su kaip bet į"),
    "ne": _language("nepali", "र वा को का की मा छ छन् यो त्यो हो ले लाई एक भने पनि"),
    "nl": _language(
        "dutch",
        "de het een en of van in is zijn was dat die dit deze te er aan als ook ik je we ze hij "
        "haar ons uw",
    ),
    "no": _language(
        "norwegian",
        "og i en et ei den det de som er var av til at på har jeg du vi men eller sin sitt ikke",
    ),
    "pl": _language(
        "polish", "i w we na z ze o do od a oraz lub jest są to ten ta te że się jak który która"
    ),
    "pt": _language(
        "portuguese",
        "o a os as um uma uns umas de do da dos das e ou em no na nos nas ao à aos é são que se "
        "seu sua este esta por pelo pela meu",
    ),
    "ro": _language(
        "romanian",
        "și în la de pe un o unei unui al ai ale este sunt că care din cu sau se lui ei acest "
        "această",
    ),
    "ru": _language(
        "russian",
        "и в во на с со к о об от из у а но или не что это этот эта эти как он она они мы вы я "
        "его ее их же бы был",
    ),
    "sr": _language(
        "serbian", "i u na je su se od za sa da ili koji koja koje и у је су се од за са да или"
    ),
    "st": _language("sesotho", "le ka ho ya ke o e ba ha tsa wa se hore kapa"),
    "sv": _language(
        "swedish",
        "och i en ett den det de som är var av till att på har jag du vi men eller sin sitt inte",
    ),
    "ta": _language("tamil", "ஒரு மற்றும் அல்லது இந்த அந்த என்று ஆகும் உள்ள இது அது"),
    "tr": _language("turkish", "ve veya bir bu şu o da de mi mı ki ile ama gibi olan ise"),
    "yi": _language("yiddish", "די דער דאס און אין איז צו פון אן א מיט אויף"),
}

PREPOSITIONS = {
    code: frozenset(words.split())
    for code, words in {
        "ca": "per amb sense",
        "cs": "pro bez",
        "da": "til med uden",
        "de": "für mit ohne",
        "en": "with for from without not",
        "es": "para con sin",
        "fi": "kanssa ilman",
        "fr": "pour avec sans",
        "hu": "nélkül",
        "it": "per con senza",
        "nl": "voor met zonder",
        "no": "til med uten",
        "pl": "do dla bez",
        "pt": "para com sem",
        "ro": "pentru fără",
        "ru": "для без",
        "sv": "för med utan",
        "tr": "için",
    }.items()
}
"""Words that say how two others belong together: documents keep them, queries do not ask for them.
Those that a shopper may mean (on, off, under) are not among them."""


class Negations(NamedTuple):
    """Words that exclude: one word after them, some words after them, one word before them."""

    next_word: frozenset[str] = frozenset()
    next_words: frozenset[str] = frozenset()
    word_before: frozenset[str] = frozenset()


def _negations(next_word: str, next_words: str = "", word_before: str = "") -> Negations:
    return Negations(*(frozenset(each.split()) for each in (next_word, next_words, word_before)))


NEGATIONS = {
    "ca": _negations("no", "sense"),
    "cs": _negations("ne", "bez"),
    "da": _negations("ikke", "uden"),
    "de": _negations("nicht kein keine keinen", "ohne"),
    "en": _negations("not", "without minus"),
    "es": _negations("", "sin"),
    "fi": _negations("ei", "ilman"),
    "fr": _negations("pas", "sans"),
    "hu": _negations("nem", "", "nélkül"),
    "it": _negations("non", "senza"),
    "ja": _negations("", "", "なし 以外"),
    "ko": _negations("", "", "없는 없이 제외 말고"),
    "nl": _negations("niet geen", "zonder"),
    "no": _negations("ikke", "uten"),
    "pl": _negations("nie", "bez"),
    "pt": _negations("não", "sem"),
    "ro": _negations("nu", "fără"),
    "ru": _negations("не кроме", "без"),
    "sv": _negations("inte", "utan"),
    "tr": _negations("", "", "olmayan hariç"),
}
