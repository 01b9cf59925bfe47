"""Text of AsciiDoc within a paragraph, as HTML: marks, macros, attributes and links."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

from ingest.formats.asciidoc.attributes import Attributes
from ingest.formats.asciidoc.references import References

MAX_MARKED = 10_000
"""Characters of a paragraph whose marks are read; in a longer one they stay as they are."""

Replace = Callable[[re.Match[str]], str]

_SPAN = r"(\S|\S[\s\S]{0,500}?\S)"
_LONG = r"([\s\S]{1,500}?)"
_ROLE = r"(?:\[[^\[\]]{1,200}\])?"


def _compile_pair(
    mark: str, html: str, before: str = r"\w;:}"
) -> list[tuple[re.Pattern[str], str]]:
    """Return a mark's doubled form, which stands anywhere, and its single one."""
    return [
        (re.compile(rf"\\?{_ROLE}{mark}{mark}{_LONG}{mark}{mark}"), html),
        (re.compile(rf"(?<![{before}\\])\\?{_ROLE}{mark}{_SPAN}{mark}(?![\w{before[4:]}])"), html),
    ]


_MARKS: list[tuple[re.Pattern[str], str]] = [
    *_compile_pair(r"\*", "<strong>{}</strong>"),
    (re.compile(rf"(?<![\w;:}}\\])\\?{_ROLE}\"`{_SPAN}`\"(?!\w)"), "\u201c{}\u201d"),
    (re.compile(rf"(?<![\w;:`}}\\])\\?{_ROLE}'`{_SPAN}`'(?!\w)"), "\u2018{}\u2019"),
    *_compile_pair("`", "<code>{}</code>", before=r"\w;:}\"'`"),
    *_compile_pair("_", "<em>{}</em>"),
    *_compile_pair("#", "{}", before=r"\w;:}&"),
    (re.compile(rf"\\?{_ROLE}\^(\S{{1,200}}?)\^"), "<sup>{}</sup>"),
    (re.compile(rf"\\?{_ROLE}~(\S{{1,200}}?)~"), "<sub>{}</sub>"),
]

_REPLACEMENTS = [
    (re.compile(r"\\?\(C\)"), "\u00a9"),
    (re.compile(r"\\?\(R\)"), "\u00ae"),
    (re.compile(r"\\?\(TM\)"), "\u2122"),
    (re.compile(r"(?: |\n|^)--(?: |\n|$)"), "\u2009\u2014\u2009"),
    (re.compile(r"(?<=\w)\\?--(?=\w)"), "\u2014\u200b"),
    (re.compile(r"\\?\.\.\."), "\u2026\u200b"),
    (re.compile(r"\\?`'"), "\u2019"),
    (re.compile(r"(?<=[^\W_])\\?'(?=[^\W\d_])"), "\u2019"),
    (re.compile(r"\\?-&gt;"), "\u2192"),
    (re.compile(r"\\?=&gt;"), "\u21d2"),
    (re.compile(r"\\?&lt;-"), "\u2190"),
    (re.compile(r"\\?&lt;="), "\u21d0"),
    (re.compile(r"\\?&amp;((?:[a-zA-Z][a-zA-Z]+\d{0,2}|#\d\d\d{0,4}|#x[\da-fA-F]{2,5});)"), "&\\1"),
]

_BODY = r"\[((?:[^\]\\]++|\\.)*+)\]"
_PASS = re.compile(
    rf"(?:{_ROLE}(\\{{0,2}})(\+\+\+?|\$\$)([\s\S]{{0,2000}}?)\2)|\\?pass:([a-z,]{{0,50}}){_BODY}"
)
_PLUS_CODE = re.compile(r"(?<![\w`\\])`\+(\S|\S[\s\S]{0,500}?\S)\+`(?!\w)")
_PLUS = re.compile(r"(?<![\w;:\\])\+(\S|\S[\s\S]{0,500}?\S)\+(?!\w)")
_STEM = re.compile(rf"\\?(?:stem|latexmath|asciimath):[a-z,]{{0,50}}{_BODY}")
_SAVED = re.compile("\ue000(\\d+)\ue001")
_ANCHOR = re.compile(
    r"\\?(?:\[\[\[?([\w:][\w\-:.]{0,200})(?:, ?([^\[\]]{1,200}))?\]\]\]?"
    rf"|anchor:([\w:][\w\-:.]{{0,200}}){_BODY})"
)
_FOOTNOTE = re.compile(rf"\\?footnote(?:ref)?:([\w-]{{0,100}}){_BODY}")
_IMAGE = re.compile(rf"\\?(image|icon):([^:\s\[][^\n\[]{{0,500}}){_BODY}")
_KEYS = re.compile(rf"\\?(kbd|btn):{_BODY}")
_MENU = re.compile(rf"\\?menu:([\w&][^\n\[]{{0,200}}?){_BODY}")
_INDEX = re.compile(
    rf"\\?(indexterm2?):{_BODY}|\\?\(\(\((?!\()(.{{1,300}}?)\)\)\)|\\?\(\((.{{1,300}}?)\)\)(?!\))"
)
_LINK = re.compile(rf"\\?(link|mailto):([^:\s\[][^\s\[]{{0,2000}}|){_BODY}")
_URL = re.compile(
    r"(^|link:|[\s>()\[\];\"']|&lt;)(\\?(?:https?|file|ftp|irc)://[^\s\[\]<]{0,2000}[^\s.,\[\]<])"
    rf"(?:{_BODY})?"
)
_URL_END = re.compile(r"(?:\)?[;:]|\))$")
_XREF = re.compile(
    rf"\\?(?:&lt;&lt;([\w#/.:][^\n]{{0,500}}?)&gt;&gt;|xref:([\w#/.:][^\s\[]{{0,500}}){_BODY})"
)
_BREAK = re.compile(r"(?<![ \t])[ \t]++\+(?:\n|$)")
_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"')
_NAMED = re.compile(r",\s*\w[\w-]*=")


class InlineRenderer:
    """Renders the text of a page, with its attributes and references."""

    def __init__(self, attributes: Attributes, references: References) -> None:
        self._attributes = attributes
        self._references = references
        self._saved: list[str] = []
        self._notes: dict[str, str] = {}

    def render(self, text: str) -> str:
        """Return a text as HTML."""
        text = text.translate(_PRIVATE)
        if len(text) > MAX_MARKED:
            return escape(self._attributes.expand(text), quote=False)
        first = len(self._saved)
        text = escape(self._save_passthroughs(text), quote=False)
        text = self._render_marks(text)
        text = self._expand(text)
        for pattern, sign in _REPLACEMENTS:
            text = pattern.sub(_keep_escaped(sign), text)
        text = self._render_macros(text)
        text = _BREAK.sub("<br>", text)
        text = _SAVED.sub(self._put_back, text)
        del self._saved[first:]
        return text

    def _expand(self, text: str) -> str:
        if "{" not in text:
            return text
        lines = text.split("\n")
        expanded = [self._attributes.expand(line) for line in lines]
        # A line of nothing but settings is not a line.
        return "\n".join(new for old, new in zip(lines, expanded, strict=True) if new or not old)

    def _save(self, html: str) -> str:
        self._saved.append(html)
        return f"\ue000{len(self._saved) - 1}\ue001"

    def _put_back(self, match: re.Match[str]) -> str:
        number = int(match[1][:9])
        html = self._saved[number] if number < len(self._saved) else ""
        return _SAVED.sub(self._put_back, html) if "\ue000" in html else html

    def _save_passthroughs(self, text: str) -> str:
        if "++" in text or "$$" in text or "pass:" in text:
            text = _PASS.sub(self._save_passthrough, text)
        if "+" in text:
            text = _PLUS_CODE.sub(lambda m: self._save(f"<code>{escape(m[1])}</code>"), text)
            text = _PLUS.sub(lambda m: self._save(escape(m[1])), text)
        if "stem:" in text or "math:" in text:
            text = _STEM.sub(lambda m: self._save(f"${escape(_read_body(m[1]))}$"), text)
        return text

    def _save_passthrough(self, match: re.Match[str]) -> str:
        if match[2] is None:
            content = _read_body(match[5] or "")
            if "q" in match[4] or "n" in match[4]:
                return self._save(self._render_marks(escape(content, quote=False)))
            return self._save(escape(content) if "c" in match[4] else content)
        if match[1]:
            return match[0][1:]
        return self._save(match[3] if match[2] == "+++" else escape(match[3]))

    def _render_marks(self, text: str) -> str:
        for pattern, html in _MARKS:
            text = pattern.sub(_wrap(html), text)
        return text

    def _render_macros(self, text: str) -> str:
        macros: list[tuple[str, re.Pattern[str], Replace]] = [
            (":[", _KEYS, lambda m: _read_body(m[2])),
            ("menu:", _MENU, _render_menu),
            (":", _IMAGE, _render_image),
            ("((", _INDEX, _render_index_term),
            ("indexterm", _INDEX, _render_index_term),
            ("footnote", _FOOTNOTE, self._render_footnote),
            ("://", _URL, self._render_url),
            (":", _LINK, self._render_link),
            ("[[", _ANCHOR, self._read_anchor),
            ("anchor:", _ANCHOR, self._read_anchor),
            ("&lt;&lt;", _XREF, self._render_xref),
            ("xref:", _XREF, self._render_xref),
        ]
        for sign, pattern, replace in macros:
            if sign in text:
                text = pattern.sub(_replace_unescaped(replace), text)
        return text

    def _render_footnote(self, match: re.Match[str]) -> str:
        name, body = match[1], _read_body(match[2]).strip()
        if name and not body:
            body = self._notes.get(name, "")
        elif name:
            self._notes[name] = body
        return f" ({body})" if body else ""

    def _render_url(self, match: re.Match[str]) -> str:
        before, url, body = match.groups()
        if url.startswith("\\"):
            return f"{before}{url[1:]}" + (f"[{body}]" if body is not None else "")
        rest = ""
        if body is None:
            if before == "link:":
                return match[0]
            url, sign, rest = url.partition("&gt;")
            if before == "&lt;" and sign:
                before, sign = "", ""
            shorter = _URL_END.sub("", url) if not sign else url
            url, rest = shorter, url[len(shorter) :] + sign + rest
        before = "" if before == "link:" else before
        return before + self._build_link(url, body or "") + rest

    def _render_link(self, match: re.Match[str]) -> str:
        kind, target, body = match.groups()
        if kind == "mailto":
            text = _read_text(body).partition(",")[0]
            return self._build_link(f"mailto:{target}", text or target)
        return self._build_link(target, body)

    def _build_link(self, target: str, body: str) -> str:
        text = _read_text(body)
        target = unescape(_SAVED.sub(self._put_back, target))
        shown = text or escape(target, quote=False)
        return f'<a href="{escape(target)}">{shown}</a>'

    def _read_anchor(self, match: re.Match[str]) -> str:
        self._references.add(match[1] or match[3], match[2] or "")
        return f"[{match[1]}]" if match[0].startswith("[[[") else ""

    def _render_xref(self, match: re.Match[str]) -> str:
        if match[1] is not None:
            target, _, text = match[1].partition(",")
        else:
            target, text = match[2], match[3]
        target, text = target.strip(), _read_text(text.strip())
        page, _, anchor = target.rpartition("#")
        if not page and "." in anchor and "#" not in target and match[1] is None:
            page, anchor = (
                (target, "") if target.endswith((".adoc", ".asciidoc", ".html")) else ("", target)
            )
        if not page:
            return text or self._references.mark(unescape(anchor or target))
        page = page if "." in page else f"{page}.adoc"
        href = page + (f"#{anchor}" if anchor else "")
        return f'<a href="{escape(href)}">{text or page}</a>'


_PRIVATE = {0xE000: None, 0xE001: None, 0xE002: None, 0xE003: None}


def _keep_escaped(sign: str) -> Replace:
    return lambda match: match[0][1:] if match[0].startswith("\\") else match.expand(sign)


def _replace_unescaped(replace: Replace) -> Replace:
    return lambda match: match[0][1:] if match[0].startswith("\\") else replace(match)


def _wrap(html: str) -> Replace:
    return lambda match: (
        match[0][1:] if match[0].startswith("\\") else html.format(match[match.lastindex or 0])
    )


def _read_body(body: str) -> str:
    return body.replace("\\]", "]")


def _read_text(body: str) -> str:
    """Return the text of a link, without its other attributes."""
    body = _read_body(body).strip()
    quoted = _QUOTED.match(body)
    if quoted:
        return quoted[1].replace('\\"', '"')
    named = _NAMED.search(body)
    text = body[: named.start()] if named else body
    if re.match(r"[a-z]+=", text):
        return ""
    return text.removesuffix("^").strip()


def _render_menu(match: re.Match[str]) -> str:
    items = [item.strip() for item in re.split(r"&gt;|,", _read_body(match[2]))]
    return " \u203a ".join([match[1], *filter(None, items)])


def _render_image(match: re.Match[str]) -> str:
    if match[1] == "icon":
        return ""
    return escape(unescape(render_alt(match[2], match[3])), quote=False)


def _render_index_term(match: re.Match[str]) -> str:
    if match[1]:
        return _read_body(match[2]) if match[1] == "indexterm2" else ""
    return match[4] or ""


def render_alt(target: str, body: str) -> str:
    """Return a picture's description, else its name."""
    text = _read_text(body)
    if text:
        return text if body.lstrip().startswith('"') else text.split(",")[0].strip()
    alt = re.search(r"\balt=\"?([^\",\]]{1,500})", body)
    if alt:
        return alt[1].strip()
    return re.sub(r"[-_]+", " ", target.rpartition("/")[2].rpartition(".")[0])
