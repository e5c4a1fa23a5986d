"""The end of make demo: a bad ingredient, where it came from, where it went, and how it is got back."""
import datetime

from demo_stage import DEMO, gln, gtin, show, tell

TODAY = datetime.date.today()
SUPPLIER = {"key": "calcium", "party": gln("695678900000"), "zh": "太行钙业", "en": "Taihang Calcium",
            "prefix": "6956789"}
SHOPS = [{"key": "market", "party": gln("696789000000"), "zh": "惠民超市", "en": "Huimin Market", "sold": 300},
         {"key": "corner", "party": gln("697890100000"), "zh": "街角便利店", "en": "Corner Store", "sold": 900}]
SITE = {"key": "site", "party": gln("698901200000"), "zh": "冀建工程", "en": "Jijian Construction"}
POWDER = f"(01){gtin('0695678900001')}(10)G7"
MILK = f"(01){gtin('0690123400003')}(10)GG1"
CEMENT = f"(01){gtin('0694567800001')}(10)PO7"
RECALL = "urn:shijiazhuang:recall:2026-1"
YARD = gtin("698901200001")  # of the building site


def day(ago, hour=""):
    return f"{TODAY - datetime.timedelta(days=ago)}{hour}"


def enrol(demo, who, role):
    demo.run("suyuan", "key", "new", f"{who['key']}.key", "--party", who["party"], quiet=True)
    demo.run("suyuan", "party", "register", who["party"], "--name-zh", who["zh"], "--name-en", who["en"], "--role",
             role, "--region", "130102", "--party-key", f"{who['key']}.key",
             *(["--prefix", who["prefix"]] if "prefix" in who else []), key="regulator", quiet=True)
    tell(f"    {who['zh']} {who['en']}, {role}")


def hand_over(demo, code, much, giver, to, ago, more=()):
    """What one ships the other receives."""
    demo.run("suyuan", "event", "ship", f"{code}:{much}", "--to", to["party"], "--at", day(ago, " 08:30"),
             key=giver["key"], quiet=True)
    demo.run("suyuan", "event", "receive", f"{code}:{much}", "--from", giver["party"], "--at", day(ago, " 15:00"),
             *more, key=to["key"], quiet=True)


def a_month_of_trade(demo, dairy, cement):
    tell("7. A month of trade: a supplier's calcium powder goes into milk and into cement, the milk to\n"
         "   two shops, the cement into a building.\n")
    enrol(demo, SUPPLIER, "producer")
    for shop in SHOPS:
        enrol(demo, shop, "seller")
    enrol(demo, SITE, "site")
    demo.run("suyuan", "place", "register", gtin("695678900001"), "--name-zh", SUPPLIER["zh"], "--region", "130102",
             "--address", "矿山路 9 号", "--phone", "0311-5550107", key="calcium", quiet=True)
    demo.run("suyuan", "place", "register", YARD, "--name-zh", "安居小区工地", "--region", "130102", "--project",
             "安居小区", "--part", "3 号楼基础", key="site", quiet=True)
    demo.run("suyuan", "product", "register", gtin("0695678900001"), "--name-zh", "碳酸钙粉", "--category", "food",
             "--specification", "25 kg", "--standard", "GB 1886.214", "--licence", "SC:SC20113010200015",
             "--ingredient", "碳酸钙", "--no-allergens", "--storage", ":40", key="calcium", quiet=True)
    demo.run("suyuan", "batch", "register", *batch(POWDER, 20, "吨", 30), "--expires", day(-700), key="calcium")
    hand_over(demo, POWDER, "2:吨", SUPPLIER, dairy, 28)
    hand_over(demo, POWDER, "12:吨", SUPPLIER, cement, 27)
    demo.run("suyuan", "batch", "register", *batch(MILK, 5000, "盒", 20), "--expires", day(-160), "--input-lot",
             f"{POWDER}:0.05:吨", key="dairy")
    demo.run("suyuan", "batch", "register", *batch(CEMENT, 100, "吨", 20), "--input-lot", f"{POWDER}:5:吨",
             key="cement", quiet=True)
    for shop, boxes in zip(SHOPS, (2000, 1500)):
        hand_over(demo, MILK, f"{boxes}:盒", dairy, shop, 15)
        demo.run("suyuan", "event", "sell", f"{MILK}:{shop['sold']}:盒", "--at", day(3, " 20:00"), key=shop["key"],
                 quiet=True)
    hand_over(demo, CEMENT, "60:吨", cement, SITE, 12, ["--place", YARD])
    demo.run("suyuan", "event", "install", f"{CEMENT}:24:吨", "--place", YARD, "--part", "3 号楼基础", "--sample",
             "JZ-031", "--supervisor", "河北监理", "--at", day(8), key="site")
    tell()


def batch(code, quantity, unit, ago):
    return ["--product", code[4:18], "--lot", code[22:], "--quantity", quantity, "--unit", unit, "--made", day(ago),
            "--inspection", f"CJ-{code[22:]}", "--result", "pass", "--origin", "130100"]


def found_bad(demo):
    tell("8. A sample of the milk fails: too much lead; and a builder complains of cement.  What went into\n"
         "   the milk, and what do the two share?\n")
    demo.run("suyuan", "event", "inspect", MILK, "--inspection", "JD-77", "--result", "fail", "--inspection-kind",
             "supervision", "--at", day(1), key="regulator", quiet=True)
    demo.run("suyuan", "trace", "back", MILK, "--format", "tree")
    tell()
    demo.run("suyuan", "trace", "common", MILK, CEMENT)
    tell("\n   The powder it is.  Do its quantities add up, and who has what was made of it?\n")
    demo.run("suyuan", "trace", "balance", POWDER)
    tell()
    demo.run("suyuan", "trace", "forward", POWDER, "--format", "tree")
    tell()
    demo.run("suyuan", "recall", "affected", POWDER)
    tell()


def got_back(demo, dairy):
    tell("9. The regulator orders a recall.  Everybody who has something of it is told once, and says what\n"
         "   was found; two haven't answered yet.\n")
    demo.run("suyuan", "recall", "open", RECALL, "--item", POWDER, "--rule", "recall/food", "--level", "1", "--party",
             SUPPLIER["party"], "--reason", "铅超标", "--measures", "停止销售和使用，退回", key="regulator")
    tell()
    demo.run("suyuan", "recall", "notify", RECALL, key="regulator")
    tell()
    demo.run("suyuan", "recall", "inbox", key="market")
    tell()
    for who, code, unit, found in ((SUPPLIER, POWDER, "吨", "6"), (dairy, POWDER, "吨", "1.95"),
                                   (SHOPS[0], MILK, "盒", "1700"), (SITE, CEMENT, "吨", "36")):
        demo.run("suyuan", "recall", "answer", RECALL, "--item", code, "--unit", unit, "--found", found, "--stopped",
                 found, "--returned", found, key=who["key"], quiet=who is not SHOPS[0])
    tell()
    demo.run("suyuan", "recall", "effectiveness", RECALL)
    tell("\n   A customer scans the milk in the shop that hasn't answered:\n")
    demo.run("suyuan", "verify", MILK, expect=(3,))
    tell()
    demo.run("suyuan", "--lang", "zh", "verify", MILK, expect=(3,))
    tell("\n   For the inspectors, every event of the powder and of what was made of it, as a sheet:\n")
    show(["suyuan", "export", "fsma", POWDER, ">", "powder.csv"])
    sheet = demo.run("suyuan", "export", "fsma", POWDER, quiet=True).stdout
    (DEMO / "powder.csv").write_text(sheet)
    tell(f"    {len(sheet.splitlines()) - 1} rows")
    tell()
