"""Words before and behind a bracket that tell what its number is, in several languages."""

# ruff: noqa: RUF001  (signs and words of other languages)

from __future__ import annotations

import regex


def _split_words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


ABBREVIATIONS = _split_words("e.g. i.e. eg. ie. z.b. bzw. d.h. т.е. напр.")
"""They end with a full stop, but no sentence ends there."""

BEFORE_VALUES = _split_words(
    "is are was were be been being equals equal to of from by at with than into between until via",
    "onto over under above below like namely called named select press choose enter type pick",
    "returns returning gives holds accepts takes yields contains outputs becomes means prints",
    "shows displays",
    "ist sind war waren wird zu von aus bei bis mit auf als wie zwischen namens lautet ergibt",
    "enthält liefert heißt gleich wähle drücke",
    "это является равно равен равна равны на от до из с со как между содержит возвращает",
    "нажмите выберите введите передайте укажите",
    "est sont vaut de du des avec comme entre contient renvoie égal",
    "es son vale devuelve contiene é são",
)
"""Behind these words stands a value and no citation."""

LABELS = _split_words(
    "element item entry index position slot row column port line page step level bit byte id key",
    "value offset argument subscript number digit version chapter section figure table option",
    "channel shard replica partition",
    "spalte zeile feld eintrag stelle zeichen wert schlüssel nummer schritt",
    "элемент индекс позиция строка строке столбец столбце порт номер ключ значение шаг байт бит",
    "élément indice ligne colonne valeur elemento índice fila columna valor",
)
"""Nouns that take a number as their name, as in "at index [1]"."""

BEFORE_LABELS = _split_words(
    "at of to from in on with for use using as is are has have pass set read get see takes accepts",
    "return returns raise choose select press enter than number",
    "am auf bei mit als von zu für setze по на в от до с из для установите задайте à au en por",
)
"""Behind these words, such a noun has no article: its number is a name."""

NAMES = _split_words("element item entry slot eintrag feld элемент élément elemento")
"""Nouns that take a number behind an article too: "the element [1]"."""

ARTICLES = _split_words("the das der den dem la le el")
"""Articles of those nouns."""

PLURALS = _split_words(
    "elements items entries indices indexes positions rows columns ports lines ids keys values",
    "numbers digits coordinates dimensions shape size range interval array list tuple set vector",
    "you us me axes shards sizes offsets weights scores labels versions classes tokens vectors",
    "class pattern regex expression matrix output result input",
    "pass set insert delete remove append push übergib setze lösche удалите",
    "elemente indizes zeilen spalten werte zahlen liste bereich intervall vektor",
    "элементы индексы значения числа список массив вектор диапазон диапазоне интервал интервале",
    "éléments valeurs plage elementos valores lista rango",
)
"""Nouns of several values: several numbers in brackets are theirs."""

CJK_VALUES = regex.compile(
    r"(?:[是为到从取第按值設设把はがをのへ]|等于|等於|返回|返し|例如|比如|步骤|选项|传入|輸入|输入|元素|下标|端口|编号|序号|要素|番号"
    r"|添字|ポート)\Z"
)
"""Like `BEFORE_VALUES`, in languages without spaces."""

CJK_PLURALS = regex.compile(
    r"(?:数组|列表|向量|区间|范围|集合|配列|リスト|範囲|数字|参数|键|ID)\s*\Z"
)
"""Like `PLURALS`, in languages without spaces."""

REFERENCE = regex.compile(
    r"(?:\b(?:see(?: also)?|per|cf\.?|according to|refers? to|described (?:in|by|at)|based on"
    r"|(?:shown|stated|explained|documented|mentioned|given|listed|defined|found|noted|covered"
    r"|details|more|read|example|section|as) in"
    r"|siehe(?: auch)?|vgl\.|laut|gemäß|nach|beschrieben in|steht in"
    r"|см\.|согласно|описано в|указано в|voir|selon|véase|según)"
    r"|参见|参考|参阅|详见|根据|见|(?<![例比])如|を参照|によると)[ \t]*\Z",
    regex.IGNORECASE,
)
"""Words that speak of a source, as in "as described in [1]"."""

SOURCE_HEAD = regex.compile(
    r"\b(?:sources?|refs?|references?|citations?|passages?|quellen?|beleg|источник\w*|ссылк\w*)\b"
    r"|来源|出处|引用|参考|出典",
    regex.IGNORECASE,
)
"""The head of a table's column of sources."""

CONJUNCTIONS = (
    "and|or|but|nor|so|while|whereas|which|where|because|since|although|though|when|if|unless|once"
    "|until|before|after|even|rather|instead|without|und|oder|aber|sowie|denn|während|wobei|weil"
    "|wenn|falls|sobald|bevor|nachdem|obwohl|et|ou|mais|car|quand|y|o|pero|cuando|si|и|или|а|но"
    "|однако|поэтому|что|если|когда|пока|чтобы|который|которая|которое|которые"
)
"""Words that begin another clause, as alternatives of a pattern."""

CJK_CONJUNCTIONS = "和|与|及|以及|并|并且|而|但|或|同时|且|또는|그리고"
"""Like `CONJUNCTIONS`, in languages without spaces."""
