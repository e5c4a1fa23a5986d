"""The table: a row a figure, with what it is held against."""
import json


class Rows:
    def __init__(self):
        self.all = []

    def add(self, name, value, unit, beside=None, beside_name="", target=None, lower=False):
        """TARGET is a ratio to what stands beside, or a bound on the value when nothing does."""
        ratio = value / beside if beside else None
        judged = ratio if beside else value
        ok = None if target is None else (judged <= target if lower else judged >= target)
        self.all.append({"name": name, "value": round(value, 3), "unit": unit,
                         "beside": {"name": beside_name, "value": round(beside, 3)} if beside else None,
                         "ratio": round(ratio, 4) if ratio else None, "target": target, "ok": ok})
        against = f"{ratio:7.2f} of {beside:,.0f} {beside_name}" if beside else ""
        verdict = "" if ok is None else ("ok" if ok else "MISSED")
        bound = "" if target is None else f"{'<=' if lower else '>='} {target:g}"
        print(f"{name:54} {value:12,.0f} {unit:10} {against:72} {bound:>10} {verdict}", flush=True)

    def write(self, path):
        path.write_text(json.dumps(self.all, indent=1) + "\n")
