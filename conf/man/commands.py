"""Writes the commands into suyuan.1 as `suyuan help` gives them: commands.py PROGRAM PAGE

Everything between .Sh COMMANDS and the next section comes from the program's own tables: `make man`
after a change of them.  With --check nothing is written, and a page that differs fails.
"""
import pathlib
import re
import subprocess
import sys

WIDTH = 79


def fill(text):
    """Words in lines of text; mdoc breaks lines itself, this is for whoever reads the source."""
    lines = [""]
    for word in text.split():
        wide = sum(2 if ord(c) > 0x2e80 else 1 for c in f"{lines[-1]} {word}")
        if lines[-1] and wide > WIDTH:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return [("\\&" + line if line[:1] in (".", "'") else line) for line in lines]


def sentence(text):
    return fill(text[0].upper() + text[1:] + ("" if text.endswith((".", "?")) else "."))


def arguments(text):
    """FILE, CODE..., [NAME]: as macros of mdoc."""
    out = []
    while text:
        text = text.lstrip()
        optional = re.match(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]", text)
        word = optional or re.match(r"\S+", text)
        inside = optional[1] if optional else word[0]
        text = text[word.end():]
        if optional:
            out.append("Op " + arguments(inside))
        else:
            out.append("Ar " + (inside[:-3] + " ..." if inside.endswith("...") and len(inside) > 3 else inside))
    return " ".join(out)


def escape(text):
    return text.replace("\\", "\\e")


def command(program, noun, verb):
    text = subprocess.run([program, "help", noun, *verb.split()], check=True, capture_output=True, text=True).stdout
    head, body = text.split("\n", 1)
    words = head.removeprefix("suyuan ").removeprefix(noun).strip().removeprefix(verb).strip()
    options = words.endswith("[OPTION...]")
    words = words.removesuffix("[OPTION...]").strip()
    shape = " ".join(p for p in (arguments(words), "Op Ar OPTION ..." if options else "") if p)
    yield f".It Nm {' '.join(w for w in (noun, verb, shape) if w)}"
    yield from sentence(body.split("\n", 1)[0].strip())
    flags = re.findall(r"^  --(\S+)(?: (\S+))?  *(.*)$", body, re.M)
    if flags:
        yield ".Bl -tag -width Ds -compact"
        for name, value, what in flags:
            yield f".It Fl -{name}" + (f" Ar {value}" if value else "")
            yield from sentence(what)
        yield ".El"
    yield ".Bd -literal -offset indent"
    yield escape(body.split("Example:\n")[1].strip())
    yield ".Ed"


def section(program):
    listing = subprocess.run([program, "help"], check=True, capture_output=True, text=True).stdout
    for noun, verbs in re.findall(r"^  (\w+) +(\S.*)$", listing.split("\nOptions of all")[0], re.M):
        verbs = verbs.split("|")
        plain = all(re.fullmatch("[a-z]+", verb) for verb in verbs)
        yield f".Ss {noun}"
        yield ".Bl -tag -width Ds"
        for verb in verbs if plain else [""]:
            yield from command(program, noun, verb)
        yield ".El"


def main():
    check = "--check" in sys.argv
    program, page = [word for word in sys.argv[1:] if word != "--check"]
    path = pathlib.Path(page)
    text = path.read_text()
    made = re.sub(r"(?<=^\.Sh COMMANDS\n).*?(?=^\.Sh )", lambda _: "\n".join(section(program)) + "\n", text,
                  flags=re.M | re.S)
    if check:
        return made != text
    path.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
