"""The command line as a person or a script types it, with a configuration folder of its own."""
import json
import os
import subprocess

from ledger import BUILD, SLOW


class Done:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Program:
    def __init__(self, folder, address=None, key=None):
        self.folder, self.address, self.key = folder, address, key
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("SUYUAN_L")}
        self.env.update(XDG_CONFIG_HOME=str(folder / "config"), LC_ALL="C.UTF-8", no_proxy="*")
        for name in ("SUYUAN_KEY", "SUYUAN_TOKEN"):
            self.env.pop(name, None)

    def command(self, *words, address=None, key=None):
        full = [str(BUILD / "suyuan")]
        if address or self.address:
            full += ["--ledger", address or self.address]
        if key or self.key:
            full += ["--key", str(key or self.key)]
        return full + [str(w) for w in words]

    def __call__(self, *words, expect=0, stdin=None, **more):
        done = Done(subprocess.run(self.command(*words, **more), cwd=self.folder, env=self.env, text=True,
                                   input=stdin, capture_output=True, timeout=120 * SLOW))
        if expect is not None:
            assert done.code == expect, f"{words}: exit {done.code}\n{done.out}\n{done.err}"
        return done

    def begin(self, *words, **more):
        return subprocess.Popen(self.command(*words, **more), cwd=self.folder, env=self.env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
