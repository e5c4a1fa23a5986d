"""make demo: a ledger with four trades, from nothing to a recall and an audit, told in plain words.

Uses the two programs as a person would.  KEEP=1 leaves the daemon running and says where.
"""
import csv
import datetime
import json
import os
import shutil
import subprocess
import sys

import demo_recall
from demo_stage import B, DEMO, ORIGIN, ROOT, Stage, gln, gtin, show, tell, uscc

DATA = ROOT / "tests/data"
REGION = "130100"

TRADES = [
    {"key": "dairy", "address": "中山东路 88 号",
     "party": gln("690123400000"), "zh": "石家庄乳业", "en": "Shijiazhuang Dairy",
     "uscc": uscc("91130100MA0000001"), "prefix": "6901234", "file": "dairy.csv", "category": "food",
     "products": [("0690123400001", "鲜牛奶", "250 mL", "GB 19645"), ("0690123400002", "酸奶", "200 g", "GB 19302"),
                  ("0690123400003", "纯牛奶", "1 L", "GB 25190")],
     "more": ["--licence", "SC:SC10613010000011", "--ingredient", "生牛乳", "--allergen", "乳", "--storage", "2:6"]},
    {"key": "vegetables", "address": "洛城街道 6 号",
     "party": gln("692345600000"), "zh": "寿光蔬菜合作社", "en": "Shouguang Vegetable Cooperative",
     "uscc": uscc("93370783MA0000002"), "prefix": "6923456", "file": "vegetables.csv", "category": "agri",
     "products": [("0692345600001", "菠菜", "500 g", ""), ("0692345600002", "油菜", "500 g", ""),
                  ("0692345600003", "黄瓜", "1 kg", "")], "more": []},
    {"key": "drugs", "address": "和平东路 388 号",
     "party": gln("693456700000"), "zh": "华北制药厂", "en": "North China Pharmaceuticals",
     "uscc": uscc("91130100MA0000003"), "prefix": "6934567", "file": "drugs.csv", "category": "drug",
     "products": [("0693456700001", "阿莫西林胶囊", "0.25 g × 24", "YBH00012025"),
                  ("0693456700002", "布洛芬片", "0.1 g × 20", "YBH00022025")],
     "more": ["--licence", "GYZZ:国药准字H13020001", "--licence", "YPSC:冀20150001", "--holder", gln("693456700000"), "--storage", ":25"]},
    {"key": "cement", "address": "燕山南路 1 号",
     "party": gln("694567800000"), "zh": "燕山水泥厂", "en": "Yanshan Cement",
     "uscc": uscc("91130100MA0000004"), "prefix": "6945678", "file": "cement.csv", "category": "industrial",
     "products": [("0694567800001", "普通硅酸盐水泥", "P·O 42.5", "GB 175"),
                  ("0694567800002", "复合硅酸盐水泥", "P·C 42.5", "GB 175")],
     "more": ["--licence", "XK:XK08-001-00001", "--warranty", "P3M", "--pledge", "强度不合格，包退包换"]},
]


def place(trade):
    """A works of the firm's, where it can be found and called: a GLN under its prefix."""
    return [gtin(trade["prefix"] + "00001"), "--name-zh", trade["zh"], "--region", "130102", "--address",
            trade["address"], "--phone", "0311-5550100"]


class Demo(Stage):
    def found(self):
        tell("1. A city's ledger is made: a log key that stays, an operator key that goes away.\n")
        show(["suyuand", "--init", "--dir", "ledger", "--origin", ORIGIN])
        subprocess.run([B / "suyuand", "--init", "--dir", DEMO / "ledger", "--origin", ORIGIN, "--name",
                        "City data office"], check=True, stdout=subprocess.DEVNULL)
        shutil.move(DEMO / "ledger/operator.key", DEMO / "operator.key")
        self.start()
        tell(f"    The daemon answers at {self.url}; this machine alone can reach it.\n")

    def enrol(self):
        tell("2. The operator enrols the market regulator; the regulator enrols four producers and\n"
             "   grants each its company prefix.\n")
        regulator = gln("690000000000")
        self.run("suyuan", "key", "new", "regulator.key", "--party", regulator, quiet=True)
        self.run("suyuan", "party", "register", regulator, "--name-zh", "石家庄市市场监督管理局", "--name-en",
                 "Shijiazhuang Market Regulator", "--role", "regulator", "--region", REGION, "--party-key",
                 "regulator.key", key="operator")
        for trade in TRADES:
            key, first = trade["key"], trade is TRADES[0]
            self.run("suyuan", "key", "new", f"{key}.key", "--party", trade["party"], quiet=True)
            self.run("suyuan", "party", "register", trade["party"], "--name-zh", trade["zh"], "--name-en",
                     trade["en"], "--role", "producer", "--region", "130102", "--uscc", trade["uscc"],
                     "--prefix", trade["prefix"], "--party-key", f"{key}.key", key="regulator", quiet=not first)
            self.run("suyuan", "place", "register", *place(trade), key=key, quiet=not first)
            for n, (digits, name, specification, standard) in enumerate(trade["products"]):
                more = ["--standard", standard] if standard else []
                self.run("suyuan", "product", "register", gtin(digits), "--name-zh", name, "--category",
                         trade["category"], "--specification", specification, *more, *trade["more"], key=key,
                         quiet=not (first and n == 0))
            tell(f"    {trade['zh']} {trade['en']}: {len(trade['products'])} products")
        tell()

    def mapping(self, trade):
        """Where a spreadsheet has no column of origins the firm's one place is in all its rows."""
        if "产地" in (DATA / trade["file"]).read_text().splitlines()[0]:
            return []
        (DEMO / f"{trade['key']}.ini").write_text("[constants]\norigin = 130102\n")
        return ["--map", f"{trade['key']}.ini"]

    def bring_in(self):
        tell("3. Each producer imports the batches of a season from its own spreadsheet.  Bad rows are\n"
             "   named, kept aside with their reason, and nothing else is held up.\n")
        tell("   What is the same in all rows of a firm, as where it makes them, says a mapping file.\n")
        for trade in TRADES:
            shutil.copy(DATA / trade["file"], DEMO / trade["file"])
            self.run("suyuan", "batch", "import", trade["file"], "--rejects", trade["file"] + ".rejects",
                     *self.mapping(trade), key=trade["key"], expect=(6,))
        tell("\n   Run again, it does no harm: rows that the ledger has are counted as done.\n")
        self.run("suyuan", "batch", "import", "cement.csv", "--map", "cement.ini", key="cement", expect=(6,))
        tell("\n   And one batch of today, from flags:\n")
        today = datetime.date.today()
        self.run("suyuan", "batch", "register", "--product", gtin("0690123400003"), "--lot", f"T{today:%y%m%d}",
                 "--quantity", "1200", "--unit", "盒", "--made", f"{today}", "--expires",
                 f"{today + datetime.timedelta(days=180)}", "--inspection", "CJ-T1", "--result", "pass", "--origin",
                 "130100", key="dairy")
        tell()

    def refuse(self):
        tell("4. What is wrong is refused, with every fault at once and in the language of whoever asks:\n"
             "   what can't be read (400), who isn't known (401), what isn't theirs to say (403), what\n"
             "   contradicts the ledger (409), what its category asks for (422).\n")
        self.run("suyuan", "key", "new", "stranger.key", "--party", gln("699999900000"), quiet=True)
        (DEMO / "broken.ndjson").write_text('{"type":"ObjectEvent","eventTime":"yesterday"}\n')
        today = datetime.date.today()
        milk = ["batch", "register", "--product", gtin("0690123400003"), "--quantity", "12", "--unit", "盒",
                "--made", f"{today}"]
        whole = [*milk, "--expires", f"{today + datetime.timedelta(days=90)}", "--inspection", "CJ-T2", "--result",
                 "pass", "--lot"]
        for key, *command in (("dairy", "record", "submit", "broken.ndjson"), ("stranger", *whole, "X1"),
                              ("vegetables", *whole, "X1"), ("dairy", *whole, f"T{today:%y%m%d}"),
                              ("dairy", *milk, "--lot", "X2")):
            for lang in ("zh", "en"):
                self.run("suyuan", "--lang", lang, *command, key=key, expect=(1, 6))
                tell()

    def ask(self):
        tell("5. Anybody scans a code.  Each answer is proven on this machine, from the record's text up\n"
             "   to the checkpoint that the ledger signed.\n")
        today = datetime.date.today()
        good = (0, 3)  # in some years what was made in 2025 has expired, and the verdict says so
        self.run("suyuan", "verify", f"(01){gtin('0690123400003')}(10)T{today:%y%m%d}")
        for trade, row in (("dairy", 8), ("vegetables", 4), ("drugs", 10), ("cement", 12)):
            code = self.code_of(trade, row)
            tell()
            self.run("suyuan", "verify", code, expect=good)
        tell("\n   A lot that nobody registered, and a serial that isn't in a known lot: the sign of a copy.\n")
        self.run("suyuan", "verify", f"(01){gtin('0690123400001')}(10)NOSUCHLOT", expect=(4, 8))
        tell()
        lot = self.row_of("drugs", 10)
        self.run("suyuan", "verify", f"(01){lot['gtin']}(10){lot['lot']}(21)999999999999", expect=(8,))
        tell()

    def row_of(self, trade, n):
        with open(DATA / f"{trade}.csv", encoding="utf-8", newline="") as f:
            return list(csv.DictReader(f))[n]

    def code_of(self, trade, n):
        row = self.row_of(trade, n)
        product = row.get("gtin") or row.get("商品条码") or row.get("产品编码")
        code = f"(01){product}(10){row.get('lot') or row.get('批号') or row.get('批次')}"
        if row.get("serials"):
            code += "(21)" + row["serials"].split(";")[0]
        return code

    def receipts(self):
        tell("6. A receipt is a file that anybody can check without us, and nobody can change.\n")
        number = json.loads(self.run("suyuan", "verify", "--json", self.code_of("cement", 12), quiet=True,
                                     expect=(0, 3)).stdout)
        number = str((number[0] if isinstance(number, list) else number)["records"][0])
        done = self.run("suyuan", "ledger", "receipt", number, quiet=True)
        (DEMO / "receipt.json").write_text(done.stdout)
        show(["suyuan", "ledger", "receipt", number, ">", "receipt.json"])
        self.run("suyuan", "verify", "--receipt", "receipt.json")
        (DEMO / "tampered.json").write_text(done.stdout.replace("吨", "斤").replace("TNE", "KGM"))
        tell("\n   The same with the unit changed from tonnes to kilograms:\n")
        self.run("suyuan", "verify", "--receipt", "tampered.json", expect=(5,))
        tell()

    def audit(self):
        tell("10. An auditor fetches everything and checks every byte, trusting nobody here.\n")
        self.run("suyuan", "ledger", "audit", "--records")
        tell()

    def farewell(self):
        if os.environ.get("KEEP") == "1":
            tell("11. KEEP=1: the daemon keeps running.  Try, in build/demo:\n\n"
                 f"    export SUYUAN_LEDGER={self.url} XDG_CONFIG_HOME=$PWD/config\n"
                 f"    {B}/suyuan verify '{self.code_of('drugs', 20)}'\n"
                 f"    {B}/suyuan batch list --product {gtin('0694567800001')}\n"
                 f"    {B}/suyuan --key dairy.key batch template food\n"
                 f"    kill {self.daemon.pid}    # when you have seen enough\n")
            return
        self.stop()
        tell("11. The daemon has stopped; the ledger is in build/demo/ledger.  What to type next:\n\n"
             "    KEEP=1 make demo             the same, with the daemon left running to play with\n"
             "    build/release/suyuand --fsck --dir build/demo/ledger\n"
             "    build/release/suyuand --dir build/demo/ledger\n"
             "    build/release/suyuan help\n")


def main():
    if DEMO.exists():
        shutil.rmtree(DEMO)
    DEMO.mkdir(parents=True)
    demo = Demo()
    try:
        demo.found()
        demo.enrol()
        demo.bring_in()
        demo.refuse()
        demo.ask()
        demo.receipts()
        demo_recall.a_month_of_trade(demo, TRADES[0], TRADES[3])
        demo_recall.found_bad(demo)
        demo_recall.got_back(demo, TRADES[0])
        demo.audit()
        demo.farewell()
    except BaseException:
        demo.stop()
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
