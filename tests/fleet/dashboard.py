"""Holds a dashboard of docs/fleet/prometheus against Grafana's own types.

Grafana publishes the schema of its dashboards as types (grafana-foundation-sdk), which keep
what they know and drop the rest. What comes back has to be what went in: a misspelt key, a
wrong type or an option that a panel does not have gets lost on the way. Whether panels lie on
each other, and whether each query has a data source, is looked at besides.

This is no Grafana: how the dashboard looks is not tried.
"""

import copy
import json
import pathlib
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

# Grafana writes and reads them, and this version of the types does not have them.
KNOWN = {"/templating/list/1/definition", "/templating/list/2/definition"}


def lost(before, after, place=""):
    """What is not as it was."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{place}/{key}"
            else:
                yield from lost(value, after[key], f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after)):
            yield from lost(*pair, f"{place}/{number}")
    elif before != after:
        yield place


def faults(raw):
    try:
        typed = dashboard.Dashboard.from_json(copy.deepcopy(raw))
        back = json.loads(JSONEncoder(sort_keys=True).encode(typed))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        return [f"it does not fit Grafana's types: {error}"]
    found = [f"{place} is not in Grafana's types" for place in lost(raw, back) if place not in KNOWN]
    panels = raw["panels"]
    for number, one in enumerate(panels):
        a = one["gridPos"]
        if a["x"] + a["w"] > 24:
            found.append(f"{one['title']} is wider than the page")
        for other in panels[number + 1 :]:
            b = other["gridPos"]
            beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
            below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
            if not beside and not below:
                found.append(f"{one['title']} and {other['title']} lie on each other")
        for target in one["targets"]:
            if target["datasource"]["uid"] != "${datasource}":
                found.append(f"{one['title']} asks another data source than the chosen one")
    numbers = [panel["id"] for panel in panels]
    if len(set(numbers)) < len(numbers):
        found.append("two panels have the same id")
    return found


def main():
    plugins.register_default_plugins()
    file = pathlib.Path(sys.argv[1])
    raw = json.loads(file.read_text())
    found = faults(raw)
    for fault in found:
        print(f"{file}: {fault}", file=sys.stderr)
    # What finds nothing wrong with these finds nothing wrong at all.
    for path, key in [(["panels", 0, "options"], "colourMode"), (["panels", 6], "fieldconfig"), ([], "panel")]:
        wrong = copy.deepcopy(raw)
        place = wrong
        for step in path:
            place = place[step]
        place[key] = "value"
        if not faults(wrong):
            sys.exit(f"a misspelt {key} passes")
    wrong = copy.deepcopy(raw)
    wrong["panels"][1]["gridPos"] = wrong["panels"][0]["gridPos"]
    if not faults(wrong):
        sys.exit("panels that lie on each other pass")
    sys.exit(1 if found else 0)


main()
