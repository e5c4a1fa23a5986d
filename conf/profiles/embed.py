#!/usr/bin/env python3
"""Writes the profiles given as C string literals, one Rules record a line: what --init publishes.

suyuan rules publish makes the same record of the same file.
"""

import configparser
import json
import sys


def record(path):
    ini = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",))
    ini.optionxform = str
    with open(path, encoding="utf-8") as f:
        ini.read_file(f)
    rules = {"type": "Rules", **ini["rules"]}
    if "fields" in ini:
        rules["fields"] = dict(ini["fields"])
    if "limits" in ini:
        rules["limits"] = {name: int(value) for name, value in ini["limits"].items()}
    return json.dumps(rules, ensure_ascii=False, separators=(",", ":"))


for name in sys.argv[1:]:
    text = record(name).replace("\\", "\\\\").replace('"', '\\"')
    print(f'"{text}",')
