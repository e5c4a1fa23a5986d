"""Writes the demo's CSV files beside itself: four trades, true check digits, a few bad rows.

The files are kept in the repository; run this again only to change them.  The seed is fixed.
"""
import csv
import datetime
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
START = datetime.date(2025, 3, 1)


def gtin(digits):
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def day(n):
    return START + datetime.timedelta(days=n)


MILK = [gtin("0690123400001"), gtin("0690123400002"), gtin("0690123400003")]
GREENS = [gtin("0692345600001"), gtin("0692345600002"), gtin("0692345600003")]
DRUGS = [gtin("0693456700001"), gtin("0693456700002")]
CEMENT = [gtin("0694567800001"), gtin("0694567800002")]


def write(name, heading, rows):
    with open(HERE / name, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\r\n")
        out.writerow(heading)
        out.writerows(rows)


def dairy(chance):
    rows = []
    for i in range(300):
        made = day(i // 4)
        rows.append([MILK[i % 3], f"SJZ{made:%y%m%d}{'ABCD'[i % 4]}", chance.randrange(800, 4000), "盒",
                     f"{made:%Y-%m-%d}", f"{made + datetime.timedelta(days=[21, 45, 180][i % 3]):%Y-%m-%d}",
                     "130100", f"CJ-{made:%Y%m%d}-{i % 4 + 1}", "合格"])
    rows[40][0] = rows[40][0][:-1] + str((int(rows[40][0][-1]) + 1) % 10)  # check digit
    rows[111][5] = f"{day(111 // 4) - datetime.timedelta(days=3):%Y-%m-%d}"  # expires before made
    rows[180][0] = DRUGS[0]  # somebody else's product
    rows[222][7] = rows[222][8] = ""  # no release inspection
    write("dairy.csv", ["商品条码", "批号", "数量", "单位", "生产日期", "保质期至", "产地", "检验报告号",
                        "检验结果"], rows)


def vegetables(chance):
    rows = []
    basis = ["质量安全控制符合要求", "自行检测合格", "委托检测合格"]
    for i in range(240):
        cut = day(i // 3)
        stop = cut - datetime.timedelta(days=chance.randrange(10, 25))
        rows.append([GREENS[i % 3], f"SG{cut:%m%d}-{'ABC'[i % 3]}",
                     f"{chance.randrange(2000, 9000) / 10:g}", "公斤",
                     f"{cut.year}年{cut.month}月{cut.day}日", "370783", f"HGZ{cut:%y%m%d}{i % 3 + 1:02}",
                     basis[i % 3], f"啶虫脒:{stop:%Y-%m-%d};有机肥:{stop - datetime.timedelta(days=20):%Y-%m-%d}"])
    rows[17][4] = "2025年4月31日"  # no such day
    rows[90][2] = "-12.5"
    rows[150][6] = rows[150][7] = ""  # no pledge
    write("vegetables.csv", ["产品编码", "批次", "数量", "单位", "采收日期", "产地", "合格证编号", "承诺依据",
                             "投入品"], rows)


def drugs(chance):
    rows, serial = [], 100000
    for i in range(200):
        made = day(i // 2)
        serials = []
        for _ in range(5):
            serial += chance.randrange(1, 40)
            serials.append(f"{serial:012}")
        rows.append([DRUGS[i % 2], f"{made:%y%m%d}{i % 2 + 1:02}", ";".join(serials), 5, f"{made:%Y%m%d}",
                     f"{made + datetime.timedelta(days=1095):%Y%m%d}", f"QC-{made:%y%m%d}-{i % 2 + 1}",
                     "pass", "1:10:200"])
    rows[33][1] = "THIS-LOT-NUMBER-IS-TOO-LONG"
    rows[70][2] = rows[71][2].split(";")[0] + ";" + rows[71][2].split(";")[0]  # a serial twice
    rows[70][3] = 2
    rows[140][0] = gtin("0693456799999")  # a product nobody registered
    write("drugs.csv", ["gtin", "lot", "serials", "quantity", "made", "expires", "inspection", "result",
                        "packRatio"], rows)


def cement(chance):
    rows = []
    for i in range(260):
        made = day(i // 3)
        rows.append([CEMENT[i % 2], f"P{'OC'[i % 2]}{made:%y%m%d}-{i % 3 + 1}", chance.randrange(200, 600), "吨",
                     f"{made:%Y-%m-%d}", f"CN-{made:%y%m%d}-{i % 3 + 1}", "合格", "出厂检验"])
    rows[5][3] = "车"  # no unit of measure
    rows[77][6] = "也许"  # neither passed nor failed
    rows[200][4] = "soon"
    write("cement.csv", ["产品编码", "批号", "数量", "单位", "生产日期", "检验报告号", "检验结果", "检验类别"], rows)


if __name__ == "__main__":
    dice = random.Random(20260901)
    for make in (dairy, vegetables, drugs, cement):
        make(dice)
