"""The form of a request to the LLM, which gives way to what a server refuses."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rag_core.generation.llm.completion import ServerFault
from rag_core.generation.llm.faults import is_unknown_model
from rag_core.types import Image, Turn

_OTHER_REASONS = {401, 402, 403, 404, 408, 413, 429}
"""With these statuses a server refuses something else than a part of the request."""

_BAD_REQUEST = {400, 422}
_NAMES_NOTHING = re.compile(
    r"(?:\W|\d|_|error|code|bad|invalid|malformed|unprocessable|request|entity|content|body"
    r"|validation|failed|status|the|is|was|has|http|client|for|url)*",
    re.IGNORECASE,
)
"""Words of an error that don't say what a server refuses."""

_USAGE_REFUSED = re.compile(r"stream[ _-]?options?|include[ _-]?usage", re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(
    r"extra[ _](inputs?|fields?|forbidden)|un(known|recognized|expected|supported) "
    r"(request |keyword )?(arguments?|parameters?|fields?|propert(y|ies))",
    re.IGNORECASE,
)
_UNSUPPORTED = r"(?:not|un|n't)[ -]?(?:support|allow|permit|enabl|avail|accept)"
_STREAM_REFUSED = re.compile(
    rf"['\"`]stream['\"`]|\bstream(?:ing)?\b[^.]{{0,60}}{_UNSUPPORTED}"
    rf"|{_UNSUPPORTED}\w*[^.]{{0,30}}\bstream|to stream this model",
    re.IGNORECASE,
)
_SYSTEM_REFUSED = re.compile(
    r"system[ _]?(?:role|message|prompt|instruction)|['\"`]system['\"`]|\brole[^.]{0,40}\bsystem\b"
    rf"|\bsystem\b[^.]{{0,60}}{_UNSUPPORTED}|developer[ _]?(?:role|message|instruction)"
    r"|roles?[^.]{0,20}alternat|first message[^.]{0,40}user|start[^.]{0,20}with[^.]{0,20}user"
    r"|messages\W{1,4}0\W{1,4}role"
    # A list of the roles that there are.
    r"|\b(?:be|of|are|expected)\W+user\W+(?:(?:or|and)\W+)?assistant\b",
    re.IGNORECASE,
)


_IMAGES_REFUSED = re.compile(
    r"image|vision|multi-?modal|content (?:part|must be a string)|unknown variant|valid string",
    re.IGNORECASE,
)


_COMPLAINT = re.compile(
    rf"{_UNSUPPORTED}|extra|unknown|unrecogni|unexpected|invalid|should be|must be|only"
    r"|too (?:large|high)|range|greater|less",
    re.IGNORECASE,
)
_LIMITS = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
"""Two names of one limit: models that reason refuse the first, and old servers the second."""


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The parts of a request that a server may refuse; each can be given up once.

    Attributes:
        asks_usage: whether the stream is to end with the usage.
        streams: whether the answer is wanted piece by piece.
        has_system: whether the system prompt is a message with a role of its own. Without it, the
            prompt stands in front of the first question.
        has_images: whether pictures are sent with the question.
        options: what people want to be merged into each request.
        has_other_limit: whether the limit of tokens was renamed.
    """

    asks_usage: bool = True
    streams: bool = True
    has_system: bool = True
    has_images: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    has_other_limit: bool = False

    def list_refused_options(self, wanted: Mapping[str, Any]) -> tuple[str, ...]:
        """Name the wanted options that are sent under no name."""
        sent = self.options.keys()
        return tuple(name for name in wanted if not sent & {name, _LIMITS.get(name, name)})

    def drop_refused(self, fault: ServerFault) -> RequestForm | None:
        """Return the form without the part that was refused, or None."""
        if fault.status in _OTHER_REASONS or is_unknown_model(fault):
            return None
        if refused := self._find_refused_option(fault.details):
            return self._drop_option(refused)
        return self._drop_part(fault)

    def _drop_part(self, fault: ServerFault) -> RequestForm | None:
        """Return the form without a refused part of docent's own, or None."""
        said = fault.details
        # The usage is the one part that no answer needs, so it goes first if nothing is named.
        names_nothing = fault.status in _BAD_REQUEST and _NAMES_NOTHING.fullmatch(fault.message)
        refuses_usage = _USAGE_REFUSED.search(said) or _UNKNOWN_FIELD.search(said)
        if self.asks_usage and (refuses_usage or names_nothing):
            return replace(self, asks_usage=False)
        if self.has_system and _SYSTEM_REFUSED.search(said):
            return replace(self, has_system=False)
        if self.has_images and _IMAGES_REFUSED.search(said):
            return replace(self, has_images=False)
        if self.streams and _STREAM_REFUSED.search(said):
            return replace(self, streams=False, asks_usage=False)
        return None

    def _find_refused_option(self, said: str) -> str:
        """Find the option that the server names; '' if it names none."""
        if _SYSTEM_REFUSED.search(said):  # `user` is a role, too
            return ""
        complains = _COMPLAINT.search(said) is not None
        for name in self.options:
            word = re.escape(name)
            if re.search(rf"['\"`]{word}['\"`.]", said):
                return name
            if complains and re.search(rf"\b{word}\b", said):
                return name
        return ""

    def _drop_option(self, name: str) -> RequestForm:
        """Return the form without an option, or with its other name."""
        kept = {key: value for key, value in self.options.items() if key != name}
        other = _LIMITS.get(name)
        if other is None or self.has_other_limit or other in kept:
            return replace(self, options=kept)
        return replace(self, options={**kept, other: self.options[name]}, has_other_limit=True)

    def build_body(self, model: str, system: str, turns: Sequence[Turn]) -> dict[str, Any]:
        """Build the body of a request for an answer.

        Args:
            model: name of the model.
            system: the system prompt.
            turns: the conversation, the question last.

        Returns:
            The JSON of the body.
        """
        body: dict[str, Any] = {
            **self.options,
            "model": model,
            "messages": self.build_messages(system, turns),
        }
        if self.streams:
            body["stream"] = True
        if self.asks_usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def build_messages(self, system: str, turns: Sequence[Turn]) -> list[dict[str, Any]]:
        """Build the messages; without a system role, user and assistant take turns."""
        if self.has_system:
            first = {"role": "system", "content": system}
            return [first, *(self._build_message(turn) for turn in turns)]
        joined = [Turn("user", system)]
        for turn in turns:
            if turn.role == joined[-1].role:
                text = f"{joined[-1].text}\n\n{turn.text}"
                joined[-1] = replace(turn, text=text, images=joined[-1].images + turn.images)
            else:
                joined.append(turn)
        return [self._build_message(turn) for turn in joined]

    def _build_message(self, turn: Turn) -> dict[str, Any]:
        if not (self.has_images and turn.images):
            return {"role": turn.role, "content": turn.text}
        parts: list[dict[str, Any]] = [{"type": "text", "text": turn.text}]
        parts += ({"type": "image_url", "image_url": {"url": _encode(i)}} for i in turn.images)
        return {"role": turn.role, "content": parts}


def _encode(image: Image) -> str:
    """Encode a picture as a data URL."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.content).decode()}"
