#!/usr/bin/env python3
"""Writes the profiles given as C string literals, one Rules record a line: what --init publishes.

suyuan rules publish makes the same record of the same file.
"""

import configparser
import json
import sys

NUMBERS = ("limits", "holidays", "workdays")

def record(path):
    ini = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",), delimiters=("=",))
    ini.optionxform = str
    with open(path, encoding="utf-8") as f:
        ini.read_file(f)
    rules = {"type": "Rules", **ini["rules"]}
    for section in ini.sections()[1:]:
        number = int if section in NUMBERS else str
        rules[section] = {name: number(value) for name, value in ini[section].items()}
    return json.dumps(rules, ensure_ascii=False, separators=(",", ":"))


for name in sys.argv[1:]:
    text = record(name).replace("\\", "\\\\").replace('"', '\\"')
    print(f'"{text}",')
