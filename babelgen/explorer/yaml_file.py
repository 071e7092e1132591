"""Reading YAML from strangers: bounded, plain values alone, every fault one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from babelgen.errors import UserError
from babelgen.toml import Table

LARGEST = 2**18  # bytes; a configuration has a few thousand
DEEPEST = 16  # lists in lists; PyYAML takes minutes over thousands


def read_yaml(path: Path) -> Table:
    """The top level of a YAML file; fields without a value count as absent. UserError for anything else."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is longer than {LARGEST} bytes, and no configuration is.")
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not valid YAML: it is no UTF-8.") from error
    return Table(_values(text, path), str(path))


def _values(text: str, path: Path) -> dict[str, Any]:
    try:
        _refuse_tricks(text, path)
        values = yaml.safe_load(text)
    except UserError:
        raise
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        problem = " ".join(str(error.problem).split())[:200]
        raise UserError(f"{path} is not valid YAML: {problem}{line}.") from error
    except Exception as error:  # of any type: what strangers wrote is parsed as it comes
        raise UserError(f"{path} is not valid YAML: it has a value that cannot be read.") from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise UserError(f"{path} is no configuration: it must be a list of names with their values.")
    return {name: value for name, value in values.items() if value is not None}


def _refuse_tricks(text: str, path: Path) -> None:
    """Refuse aliases, with which a short text says a thing a billion times; depths; and a name that stands twice."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise UserError(f"{path} has an alias (*{event.anchor}), which no configuration needs.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise UserError(f"{path} is not valid YAML: its brackets are nested too deeply.")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value in seen:
            line = key.start_mark.line + 1
            raise UserError(f"{path} says {key.value[:80]!r} twice (line {line}).")
        seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
