"""What components say by their properties."""

from __future__ import annotations

import re
from collections import Counter
from textwrap import dedent

import pytest

from tests.ingest.formats.reading import blocks, outline, read


def shown(source: str) -> list[str]:
    return [block.text for block in blocks(read(dedent(source), "a.mdx"))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            '<ParamField query="size" type="integer" default="20" required>A page.</ParamField>',
            ["size (integer, default 20, required): A page."],
        ),
        (
            '<ResponseField name="lid" type="text" pre={["beta"]} post={["read-only"]} />',
            ["lid (beta, text, read-only)"],
        ),
        (
            (
                "export const rows = [{lid: 'A red lid', size: 'xl'}, {lid: 'Blue', n: 2}];\n\n"
                "<Kettles data={rows} options={{hint: 'not shown'}} colors={[{a: 'Dark red'}]} />"
            ),
            ["data: A red lid, Blue"],
        ),
        ("<Step title={`Start ${kettle} twice`}>Go.</Step>", ["**Start twice**", "Go."]),
        ("<Step title={'Boil ' + \"twice\"}>Go.</Step>", ["**Boil twice**", "Go."]),
        (
            "export const lid = 'red';\n\n<Odd note={`The ${lid} lid of ${a.b(c)} leaks`} />",
            ["note: The red lid of leaks"],
        ),
        ("<Odd note={open(`the lid`)} className={`big ${size} red`} />", []),
        (
            '<ParamField body="a_b" type="bool" default={true} required={false} deprecated />',
            ["a_b (bool, default true, deprecated)"],
        ),
        (
            '<ResponseField name="rows" type="array">\n  - one\n  - two\n</ResponseField>',
            ["rows (array):", "- one\n- two"],
        ),
        (
            (
                '<ResponseField name="user" type="object">\n  The user.\n\n'
                '  <Expandable title="properties">\n    <ResponseField name="id" type="string">\n'
                "      Its id.\n    </ResponseField>\n  </Expandable>\n</ResponseField>"
            ),
            ["user (object): The user.", "**properties**", "id (string): Its id."],
        ),
        ('<Property name="q" type="string">Words.</Property>', ["q (string): Words."]),
        ('<Update label="3.0" description="May">\n  New.\n</Update>', ["**3.0 (May)**", "New."]),
        ('<Frame caption="How it flows">\n  <img src="/a.png" alt="flow" />\n</Frame>',
         ["flow", "How it flows"]),
        ('<Accordion title="Can\'t I?">\n  No.\n</Accordion>', ["**Can't I?**", "No."]),
        ('<Details summary="More">\n  Less.\n</Details>', ["**More**", "Less."]),
        ("<Details summary={<summary>More</summary>}>x</Details>", ["**More**", "x"]),
        ('<Steps>\n  <Step title="First">\n    Do.\n  </Step>\n</Steps>', ["**First**", "Do."]),
        ("<Note>Read.</Note>", ["**Note**", "Read."]),
        ('<Callout type="warning">Stop.</Callout>', ["**Warning**", "Stop."]),
        ('<Callout type="default">Go.</Callout>', ["Go."]),
        ('<Aside type="tip" title="Did you know?">Yes.</Aside>', ["**Did you know?**", "Yes."]),
        ('<Admonition type="info" title="Info box">Yes.</Admonition>', ["**Info box**", "Yes."]),
        ("<Aside>Read.</Aside>", ["**Note**", "Read."]),
        ("<DocCardList />", []),
        ('<Icon name="star" label="A star" />', []),
        ('<BrowserWindow url="https://x.test">In it.</BrowserWindow>', ["In it."]),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)  # fmt: skip
def test_known_components(source: str, expected: list[str]):
    assert shown(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<Card title="Start" href="/start">Now.</Card>', ["**[Start](/start)**", "Now."]),
        ('<Card icon="bolt" href="/start">\n  Start here\n</Card>', ["[Start here](/start)"]),
        ('<LinkCard title="Next" description="All of it" href="/next/" />',
         ["**[Next](/next/)**", "All of it"]),
        ('<Cards.Card title="Next" href="/next" arrow />', ["**[Next](/next)**"]),
        ('<LinkButton href="/go">Go</LinkButton>', ["[Go](/go)"]),
        ('<Card title="A [b]" href="/c" />', ["**A [b]**"]),
    ],
)  # fmt: skip
def test_cards_are_links(source: str, expected: list[str]):
    absolute = [text.replace("](/", "](https://example.com/") for text in expected]
    assert shown(source) == absolute


def test_tabs_get_their_names_from_the_element_around():
    expected = ["**npm**", "one", "**pnpm**", "two"]
    for items in ("['npm', 'pnpm']", '["npm", <b>pnpm</b>]', "[{label: 'npm'}, {label: 'pnpm'}]"):
        tabs = "\n  <Tabs.Tab>\n    one\n  </Tabs.Tab>\n  <Tab>two</Tab>\n"
        page = f"<Tabs items={{{items}}}>{tabs}</Tabs>"
        assert shown(page) == expected
    values = "[{label: 'Linux box', value: 'lin'}, {label: 'Mac', value: 'mac'}]"
    tabs = '<TabItem value="mac">M</TabItem><TabItem value="lin">L</TabItem>'
    assert shown(f"<Tabs values={{{values}}}>{tabs}</Tabs>") == [
        "**Mac**",
        "M",
        "**Linux box**",
        "L",
    ]
    assert shown("export const all = ['x', 'y']\n\n<Tabs items={all}><Tab>1</Tab></Tabs>") == [
        "**x**",
        "1",
    ]


def test_components_in_a_line_stay_in_it():
    assert shown('<Badge text="beta" /> Fast') == ["beta Fast"]
    assert shown('The <Tooltip tip="A set of rules">API</Tooltip> is <Badge>new</Badge>.') == [
        "The API (A set of rules) is new."
    ]
    assert shown('| a | b |\n|---|---|\n| x | <Badge text="beta | two" /> Fast |') == [
        "| a | b |\n|---|---|\n| x | beta \\| two Fast |"
    ]


def test_a_badge_of_a_heading_stands_below_it():
    document = read('## Search <Badge text="New" /> API\n\nText.', "a.mdx")
    assert outline(document) == [("Search API", "search--api")]
    assert [block.text for block in blocks(document)] == ["New", "Text."]


def test_components_in_a_list_stay_in_their_item():
    page = """\
        1. One
           <Note>
             Careful.

             ```py
             x = {1}
               <b>
             ```
           </Note>
        2. Two

        - <Step title="In it">
            Text.
          </Step>
        """
    assert shown(page) == [
        "1. One\n\n   **Note**\n\n   Careful.\n\n   ```py\n   x = {1}\n     <b>\n   ```\n\n2. Two",
        "- **In it**\n\n  Text.",
    ]


def test_unknown_components_say_their_words_with_their_names():
    page = """\
        <PlanTable title="Plans" tier="Gold tier" perks={["Free calls", "Fast lane"]}
          className="mt-4 flex" icon="bolt" href="/x" width="100%" active count={3}
          billedYearly="Two months free" style={{color: "red"}} onClick={() => go("a b")} />
        """
    assert shown(page) == [
        "**[Plans](https://example.com/x)**",
        "tier: Gold tier\nperks: Free calls, Fast lane\nbilled yearly: Two months free",
    ]


def test_code_of_components_is_a_fence():
    page = """\
        <CodeBlock language="bash" title="run.sh">
        {`npm i
          npm <start>`}
        </CodeBlock>

        <Code code={`const a = "<b>";`} lang="js" />

        <CodeGroup>
        ```js app.js
        x
        ```
        </CodeGroup>
        """
    assert shown(page) == [
        "**run.sh**",
        "```bash\nnpm i\n  npm <start>\n```",
        '```js\nconst a = "<b>";\n```',
        "```js app.js\nx\n```",
    ]


def test_files_are_a_list():
    page = """\
        <FileTree>
          <FileTree.Folder name="src" defaultOpen>
            <FileTree.File name="a.ts" />
          </FileTree.Folder>
          <FileTree.File name="b.ts" />
        </FileTree>
        """
    assert shown(page) == ["- src\n  - a.ts\n- b.ts"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("It costs {price}.", "It costs `price`."),
        ("export const price = '5 €', other = 3\n\nIt costs {price}.", "It costs 5 €."),
        ("export const plan = {name: 'Gold', calls: 5}\n\n{plan.name}: {plan.calls}", "Gold: 5"),
        ("{`a < b`} and {'c'}{\" \"}d", "a < b and c d"),
        ("One{/* hidden */} two {1 + 1}three {props.children}", "One two three"),
        ("{some words} stay", "{some words} stay"),
        ("$x_{i}$ and \\{x\\} and a \\< b", "$x_{i}$ and {x} and a < b"),
        ("{open && <b>shown</b>}", "shown"),
        ("<>a fragment</>", "a fragment"),
        ("Version {{version}} runs.", "Version `version` runs."),
    ],
)
def test_expressions(source: str, expected: str):
    assert "\n".join(shown(source)).strip() == expected


def test_a_list_that_a_page_exports_is_shown_by_each_of_its_values():
    page = """\
        export const plans = [{name: 'Free plan', calls: 5}, {name: 'Pro plan', calls: 10}]

        {plans.map((plan) => (
          <Card title={plan.name}>{plan.calls} calls</Card>
        ))}

        {plans.map(({name}) => <b>{name}</b>)}
        """
    assert shown(page) == [
        *("**Free plan**", "5 calls", "**Pro plan**", "10 calls"),
        *("Free plan", "Pro plan"),
    ]


def test_tags_on_one_line_and_closing_tags_without_opening_ones():
    assert shown("<Tabs><Tab title='A'>a</Tab><Tab title='B'>b</Tab></Tabs>") == [
        *("**A**", "a", "**B**", "b"),
    ]
    assert shown("</Card>One</Tab> two") == ["One two"]
    assert shown("<Card>\n\nNever closed.") == ["Never closed."]
    assert shown("Use <your-key> or <API_KEY> here.") == ["Use <your-key> or <API_KEY> here."]


SAMPLE = """\
---
title: Send a message
---
import { Steps, Step } from '@theme/steps'

export const limit = 40

# Send a message <Badge text="Stable" />

<Info>Each account sends at most {limit} messages a minute.</Info>

<Steps>
  <Step title="Make a key" icon="key">
    Open **Settings**{/* the new page */} and press <kbd>Create</kbd>.

    <Frame caption="The form for a key"><img src="/form.png" alt="A form" /></Frame>
  </Step>
  <Step title="Call the API">
    <Tabs items={["Shell", `Python`]}>
      <Tabs.Tab>
        ```sh
        curl -d '{"to": "<name>"}' $URL
        ```
      </Tabs.Tab>
      <Tabs.Tab>
        ```py
        send({"to": name})
        ```
      </Tabs.Tab>
    </Tabs>
  </Step>
</Steps>

<ParamField body="to" type="string" required>
  Name of the {"receiver"}.
</ParamField>

<div className="grid" style={{gap: 4}}>
  <Card title="Errors" icon="bug" href="/errors">All codes.</Card>
  <Region zone="Europe and Asia" size="lg" color="#fff" />
</div>

<table>
  <tbody>
    <tr><th>Plan</th><th>Price</th></tr>
    <tr><td>Small</td><td>{`5 €`}</td></tr>
  </tbody>
</table>
"""
VISIBLE = """
Send a message Stable Info Each account sends at most 40 messages a minute. Make a key Open Settings
and press Create. A form The form for a key Call the API Shell curl -d '{"to": "<name>"}' $URL
Python send({"to": name}) to (string, required): Name of the receiver. Errors All codes. zone Europe
and Asia Plan Price Small 5 €
"""


def test_the_words_of_a_page_are_those_that_a_reader_sees():
    document = read(SAMPLE, "a.mdx")
    headings = [section.headings[-1] for section in document.sections if section.headings]
    read_text = "\n".join([*headings, *(block.text for block in blocks(document))])
    code = re.sub(r"```\w*|\]\([^)]*\)", " ", read_text)  # languages and addresses
    found, wanted = (Counter(re.findall(r"\w+", text)) for text in (code, VISIBLE))
    assert wanted - found == Counter()
    assert found - wanted == Counter()
