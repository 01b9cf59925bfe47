"""What people and pages write into a prompt, and what of it stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.inert_text import (
    escape_numbers,
    escape_tags,
    neutralise_text,
    prefix_lines,
)

NAMES = (
    "passages",
    "quoted_material",
    "team_instructions",
    "channel_instructions",
    "team_glossary",
    "conversation",
)


@pytest.mark.parametrize(
    "tag",
    [
        "</passages>",
        "<\u200b/passages>",
        "\uff1c/team_instructions>",
        "</ Team-Glossary >",
        "</pas\u200bsages>",
        "<\u2063/team\u2060_instructions>",
        "</p\u034fassages>",
        "</\uff50\uff41\uff53\uff53\uff41\uff47\uff45\uff53>",
        "</\U0001d429\U0001d41a\U0001d42c\U0001d42c\U0001d41a\U0001d420\U0001d41e\U0001d42c>",
        "</\u24df\u24d0\u24e2\u24e2\u24d0\u24d6\u24d4\u24e2>",
        "</p\u0430ss\u0430g\u0435s>",
        "\u2039/passages\u203a",
        "<\uff0fpassages>",
        "</conversation\n>",
        "</passages\u0301>",
        "</passages\u2060>",
        "<passages id=1>",
    ],
)
def test_a_tag_in_disguise_is_escaped(tag: str):
    assert escape_tags(f"a{tag}b") == f"a{tag[0]} {tag[1:]}b"


@pytest.mark.parametrize(
    "text",
    [
        *("a < b", "</div>", "List<Passage>", "<passage>", "x <- y </p>"),
        *("<conversationId>", "<conversation-view>", "<passages_read>", "</conversations>"),
        *("Map<ConversationKey, Passages>", "<passages2>"),
    ],
)
def test_other_tags_stay(text: str):
    assert neutralise_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("【1】 Storage", "[1] Storage"),
        ("【 12 】", "[ 12 ]"),
        ("【Passage 3】", "[Passage 3]"),
        ("【\u0661】", "[\u0661]"),
        ("【\u2460】", "[\u2460]"),
        ("【3\n】", "[3\n]"),
        ("\u30163\u3017", "[3]"),
        ("【2024】", "[2024]"),
        ("【1, 2】", "[1, 2]"),
        ("【1 and 2】", "[1 and 2]"),
        ("【3†source】", "[3†source]"),
        ("【来源 3】", "[来源 3]"),
        ("【Quelle 3】", "[Quelle 3]"),
        ("【P\u0430ssages\u200b 3】", "[P\u0430ssages\u200b 3]"),
        ("【1\u200b】", "[1\u200b]"),
        ("【1\nThe password", "[1\nThe password"),
        ("see 【12", "see [12"),
        ("3】 x", "3] x"),
        ("x[1] and [2]", "x[1] and [2]"),
    ],
)
def test_nothing_is_numbered_like_a_passage(text: str, expected: str):
    assert escape_numbers(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "【注意】 step 1",
            "【2024年】",
            "【第3章】 索引",
            "【図1】",
            "【Windows 11】",
            "【v2.6】",
        ),
        *(
            "【例1】 x【例2】",
            "【步骤 1】",
            "〖甲1〗",
            "【IPv4】",
            "【1月】",
            "【3 GiB】",
            "【】 1",
        ),
    ],
)
def test_headings_in_such_brackets_stay(text: str):
    assert neutralise_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<|im_start|>system", "< |im_start|>system"),
        ("<|start_header_id|>", "< |start_header_id|>"),
        ("<\uff5cUser\uff5c>", "< \uff5cUser\uff5c>"),
        ("<start_of_turn>model", "< start_of_turn>model"),
        ("[INST] x [/INST]", "[ INST] x [ /INST]"),
        ("<<SYS>>", "< <SYS>>"),
        ("<</SYS>>", "< </SYS>>"),
        ("a</s><s>b", "a< /s>< s>b"),
        ("<|0.00|>", "< |0.00|>"),
        ("\uff1c|im_start|\uff1e", "\uff1c |im_start|\uff1e"),
        ("<\u200b|im_\u2060start|>", "< \u200b|im_\u2060start|>"),
        ("\uff3b\uff29\uff2e\uff33\uff34\uff3d", "\uff3b \uff29\uff2e\uff33\uff34\uff3d"),
        ("<st\u0430rt_of_turn>", "< st\u0430rt_of_turn>"),
    ],
)
def test_no_word_is_a_role(text: str, expected: str):
    assert neutralise_text(text) == expected


ROLES = [
    *("<|im_start|>", "<|im_end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    *("<|endoftext|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>"),
    *("<|eot_id|>", "<|eom_id|>", "<|python_tag|>", "<|header_start|>", "<|eot|>", "<|start|>"),
    *("<|channel|>", "<|message|>", "<|return|>", "<|call|>", "<|constrain|>"),
    *("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>", "<|USER_TOKEN|>"),
    *("<|CHATBOT_TOKEN|>", "<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>"),
    *("<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    *("<|im_user|>", "<|im_middle|>", "<|tool_calls_section_begin|>", "<|observation|>"),
    *("<|plugin|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>"),
    *("<sop>", "<eop>", "<tool_call>", "</tool_response>", "[INST]", "[/INST]"),
    *("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
    *("[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[gMASK]", "[sMASK]", "[BOS]"),
    *("[EOS]", "<<SYS>>", "<</SYS>>", "<|turn>", "<turn|>", "<|tool_call>", "<tool_call|>"),
    *("<|channel>", "<channel|>", "<|think|>", "<|tool_response>", "<\uff5cturn>", "<|/turn>"),
    *("]~b]", "]~!b[", "[e~[", "<seed:bos>", "<seed:eos>", "<seed:think>", "</seed:think>"),
    *("<minimax:tool_call>", "</minimax:tool_call>", "[THINK]", "[/THINK]", "[CALL_ID]"),
    *("[MODEL_SETTINGS]", "[/MODEL_SETTINGS]", "[TOOL_CONTENT]", "[|system|]", "[|endofturn|]"),
    *("<SPECIAL_12>", "<reserved_106>", "<extra_id_1>", "<eoh>", "<role>HUMAN", "<role>SYSTEM"),
]


@pytest.mark.parametrize("role", ROLES)
def test_the_roles_of_all_families_are_broken_once(role: str):
    assert neutralise_text(f"Write {role}x.") == f"Write {role[0]} {role[1:]}x."


@pytest.mark.parametrize(
    "text",
    [
        *("a <| b |> c", "List<S>", "usage: cmd [args] [prefix]", "tokens[eos]", "[system prompt]"),
        *("x || y > z", "a<b|c>d", "<system>", "<user>", "<strong>", "[INSTALL]", "cat <<SYS"),
        *("x <| y", "x |> f |> g", "<||>", "<|>", "Some <|> None", "<string|null>", "Foo<A|B>"),
        *("cmd <a|b|c>", "Animal <|-- Duck", "[think]", "[prefix]", "[args]", "[|1; 2|]", "[|x|]"),
        *("<xs:element>", "<soap:Body>", "<role>ADMIN</role>", "<auth:user>", "x ]~ b", "[e~1]"),
        *("cat <<EOF | wc", "a < b | c > d", "ls <in |> out", "<https://e.test/x|>", "<#C1|>"),
        *("git show [HEAD~[1]]", "[ARGS]", "[OPTIONS]", "a[~b]", "<reserved>", "<special>"),
        *("| a | b |", "<img/>", "if (a<s) {}", "<table><tr>", "[tool]", "[INFO]", "<sub>1</sub>"),
    ],
)
def test_what_only_resembles_a_role_stays(text: str):
    assert neutralise_text(text) == text


CODE = """\
```html
<div class="passage"><p>if (a < b && c[1] > 2) { x = y["k"] }</p></div>
```
SELECT * FROM t WHERE a <> b; echo <<EOF | grep -v '<none>'; Vec<Option<T>>; 第【甲】章"""


def test_code_is_left_alone():
    assert neutralise_text(CODE) == CODE


@given(st.lists(st.sampled_from([*NAMES, "<", "</", ">", "\u200b", " ", "【", "】", "1", "x"])))
def test_no_text_has_a_live_tag_or_number(pieces: list[str]):
    text = neutralise_text("".join(pieces))
    folded = re.sub("[\u200b]", "", text)
    assert not re.search(rf"</?(?:{'|'.join(NAMES)})(?![\w-])", folded)
    assert not re.search(r"【\s*\d+\s*】", folded)


@given(st.text())
def test_letters_and_digits_stay(text: str):
    def read(value: str) -> list[str]:
        return [each for each in value if each.isalnum()]

    assert read(neutralise_text(text)) == read(text)


@given(st.text())
def test_only_the_first_line_begins_at_the_margin(text: str):
    lines = prefix_lines(text).splitlines()
    assert all(line.startswith("  ") for line in lines[1:])
