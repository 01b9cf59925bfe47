"""The parts of Slack's window around blocks: messages, a thread, a modal, the Home tab."""

from __future__ import annotations

from datetime import datetime
from html import escape

from tests.pictures.block_kit import draw_time

STYLE = """
:root { --page: #fff; --text: #1d1c1d; --soft: #616061; --line: #dddddd; --link: #1264a3;
  --code: #c01343; --code-page: #f8f8f8; --pressed: #e8f5fa; --back: #e9e9ec; --hint: #868686;
  --border: #bbbabb; --green: #007a5a; --green-text: #fff; --red: #e01e5a; --badge: #e8e8e8; }
:root.dark { --page: #1a1d21; --text: #d1d2d3; --soft: #ababad; --line: #35373b; --link: #1d9bd1;
  --code: #e8912d; --code-page: #222529; --pressed: #1b2f3d; --back: #101214; --hint: #8d8e91;
  --border: #56585c; --green: #148567; --green-text: #fff; --red: #e01e5a; --badge: #3a3c40; }
* { box-sizing: border-box; }
body { margin: 0; padding: 14px; background: var(--back); color: var(--text);
  font: 15px/22px Lato, "Noto Color Emoji", sans-serif; }
.window { background: var(--page); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden; }
.bar { display: flex; align-items: center; gap: 8px; padding: 11px 18px; font-weight: 900;
  font-size: 17px; border-bottom: 1px solid var(--line); }
.bar small { font-weight: 400; font-size: 13px; color: var(--soft); flex: 1; }
.bar .close { color: var(--soft); font-weight: 400; font-size: 22px; margin-left: auto; }
.messages { padding: 12px 18px 14px; }
.message { display: flex; gap: 10px; padding: 6px 0; }
.face { flex: none; width: 36px; height: 36px; border-radius: 8px; background: #3f51b5;
  color: #fff; font: 900 19px/36px Lato, sans-serif; text-align: center; }
.face.person { background: #b9683c; } .face.small { width: 22px; height: 22px; border-radius: 5px;
  font-size: 13px; line-height: 22px; } .face.large { width: 44px; height: 44px; line-height: 44px;
  font-size: 24px; }
.body { flex: 1; min-width: 0; } .name { font-weight: 900; }
.app { font-size: 10px; font-weight: 700; line-height: 1; background: var(--badge);
  color: var(--soft); padding: 2px 4px; border-radius: 3px; margin-left: 5px;
  position: relative; top: -1px; }
.time { font-size: 12px; color: var(--soft); margin-left: 7px; }
.only { font-size: 12px; color: var(--soft); padding: 4px 0 0 46px; }
.replies { display: flex; align-items: center; gap: 10px; font-size: 13px; color: var(--soft);
  margin: 6px 0 2px; } .replies::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.write { margin: 2px 18px 16px; border: 1px solid var(--border); border-radius: 8px;
  padding: 9px 12px; color: var(--hint); }
p, ul, ol, pre { margin: 0 0 6px; } ul, ol { padding-left: 26px; } li { margin: 1px 0; }
.section { margin: 5px 0; white-space: pre-wrap; } .markdown { margin: 2px 0 6px; }
.context { font-size: 13px; line-height: 18px; color: var(--soft); margin: 5px 0; }
b, strong, h2 { font-weight: 900; } h2 { font-size: 18px; line-height: 24px; margin: 14px 0 2px; }
hr { border: 0; border-top: 1px solid var(--line); margin: 16px 0; }
code { font: 12px/18px "DejaVu Sans Mono", monospace; background: var(--code-page);
  border: 1px solid var(--line); border-radius: 3px; padding: 1px 3px; color: var(--code); }
a { color: var(--link); text-decoration: none; } .mention { background: var(--pressed);
  color: var(--link); border-radius: 3px; padding: 0 2px 1px; }
.buttons { margin: 8px 0 4px; display: flex; gap: 8px; }
.button { border: 1px solid var(--border); border-radius: 8px; font-weight: 700; font-size: 13px;
  padding: 3px 11px; } .danger { background: var(--red); border-color: var(--red); color: #fff; }
.primary { background: var(--green); border-color: var(--green); color: var(--green-text); }
.thumbs { margin: 5px 0; display: flex; gap: 4px; } .thumb { border: 1px solid var(--line);
  border-radius: 6px; padding: 1px 8px; font-size: 14px; }
.modal { max-width: 520px; margin: 0 auto; } .inside { padding: 8px 22px 14px; }
.foot { border-top: 1px solid var(--line); padding: 12px 22px; display: flex; gap: 10px;
  justify-content: flex-end; } .foot .button { font-size: 15px; padding: 5px 14px; }
.input { margin: 8px 0 14px; } .optional { font-weight: 400; color: var(--soft); }
.choice { display: flex; align-items: center; gap: 9px; margin: 7px 0; }
.choice i { width: 18px; height: 18px; border: 1px solid var(--hint); border-radius: 50%; }
.field { height: 76px; border: 1px solid var(--border); border-radius: 6px; margin-top: 6px; }
.tabs { display: flex; gap: 22px; padding: 0 18px; border-bottom: 1px solid var(--line);
  color: var(--soft); font-size: 13px; } .tabs span { padding: 8px 0; }
.tabs .chosen { color: var(--text); font-weight: 700; border-bottom: 2px solid var(--text); }
.home .bar { border: 0; padding-bottom: 4px; } .home .inside { padding-top: 2px; }
"""

FACE = '<div class="face {size}">d</div>'
APP = '<span class="name">docent</span><span class="app">APP</span>'


def draw_page(inner: str, *, dark: bool, style: str = STYLE) -> str:
    """A page in one of the two colour schemes."""
    scheme = ' class="dark"' if dark else ""
    head = f"<meta charset=utf-8><title>docent</title><style>{style}</style>"
    return f"<!doctype html><html lang=en{scheme}>{head}{inner}</html>"


def draw_person(name: str, text: str, when: datetime) -> str:
    """A person's message; a mention of docent in it is marked."""
    marked = escape(text).replace("@docent", '<a class="mention">@docent</a>')
    head = f'<span class="name">{escape(name)}</span><span class="time">{draw_time(when)}</span>'
    face = f'<div class="face person">{escape(name[0])}</div>'
    return f'<div class="message">{face}<div class="body">{head}<br>{marked}</div></div>'


def draw_docent(inner: str, when: datetime, *, private: bool = False) -> str:
    """A message of docent's; a private one is for its reader's eyes only."""
    note = '<div class="only">\N{EYE}\ufe0f Only visible to you</div>' if private else ""
    head = f'{APP}<span class="time">{draw_time(when)}</span>'
    body = f'<div class="body">{head}{inner}</div>'
    return f'{note}<div class="message">{FACE.format(size="")}{body}</div>'


def draw_thread(channel: str, question: str, replies: list[str]) -> str:
    """A thread beside its channel, with the field for the next reply."""
    count = f"{len(replies)} {'reply' if len(replies) == 1 else 'replies'}"
    return (
        f'<div class="window"><div class="bar">Thread<small>#{channel}</small>'
        f'<span class="close">\N{MULTIPLICATION SIGN}</span></div><div class="messages">{question}'
        f'<div class="replies">{count}</div>{"".join(replies)}</div>'
        '<div class="write">Reply\N{HORIZONTAL ELLIPSIS}</div></div>'
    )


def draw_channel(channel: str, messages: list[str]) -> str:
    """The last messages of a channel."""
    return (
        f'<div class="window"><div class="bar"># {channel}</div>'
        f'<div class="messages">{"".join(messages)}</div></div>'
    )


def draw_modal(title: str, inner: str, *, close: str, submit: str = "") -> str:
    """A window of docent's above Slack's, with its buttons."""
    buttons = f'<span class="button">{escape(close)}</span>'
    if submit:
        buttons += f'<span class="button primary">{escape(submit)}</span>'
    return (
        f'<div class="window modal"><div class="bar">{FACE.format(size="small")}{escape(title)}'
        f'<span class="close">\N{MULTIPLICATION SIGN}</span></div>'
        f'<div class="inside">{inner}</div><div class="foot">{buttons}</div></div>'
    )


def draw_home(inner: str) -> str:
    """The Home tab below the names of the tabs."""
    tabs = '<span class="chosen">Home</span><span>Messages</span><span>About</span>'
    return (
        f'<div class="window home"><div class="bar">{FACE.format(size="large")}docent</div>'
        f'<div class="tabs">{tabs}</div><div class="inside">{inner}</div></div>'
    )
