"""The inputs of a plan's runs, each prepared once, so that no run fails for want of a word."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.base.errors import UserError
from pipeline.config.affects import input_sections
from pipeline.config.schema.config import Config
from pipeline.runs.job import input_paths
from pipeline.runs.prepare import preparation_key, prepare
from pipeline.store.key import file_hashes
from pipeline.sweep.plan.canonical import Shapes


class InputCache:
    """The shapes of each input, or what is wrong with it, and the hash of each file."""

    def __init__(self) -> None:
        self.results: dict[tuple[str, ...], Shapes | UserError] = {}
        self.hashes: dict[str, str] = {}

    def shapes(self, config: Config, sections: Mapping[str, str]) -> Shapes:
        """The shapes of a run's input; raises what preparing it raises.

        `sections` are the config's as canonical JSON. The seed is left out: it changes the
        numbers, but not whether there are any.
        """
        cache_key = (*(sections[name] for name in input_sections()), repr(preparation_key(config)))
        if cache_key not in self.results:
            try:
                self.results[cache_key] = input_shapes(config)
            except UserError as error:
                self.results[cache_key] = error
        result = self.results[cache_key]
        if isinstance(result, UserError):
            raise result
        return result

    def hashes_of(self, sections: Mapping[str, str]) -> dict[str, str]:
        """The files that a run reads, with their hashes when the plan was made."""
        texts = [sections[n] for n in ("sentences", "attention") if '"path": "' in sections[n]]
        return {path: self.hash_of(path) for path in input_paths(list(map(json.loads, texts)))}

    def hash_of(self, path: str) -> str:
        """The hash of a file's content."""
        if path not in self.hashes:
            self.hashes |= file_hashes([path])
        return self.hashes[path]


def input_shapes(config: Config) -> Shapes:
    """The shapes of a run's query, key and value, sentence by sentence."""
    projected = [layer_input.projected for layer_input in prepare(config)]
    heads, _, key_width = projected[0].query.shape
    return Shapes(
        lengths=tuple((one.query.shape[-2], one.key.shape[-2]) for one in projected),
        heads=heads,
        key_width=key_width,
        value_width=projected[0].value.shape[-1],
    )
