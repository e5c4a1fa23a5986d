"""What is on disk: how large it is."""


def footprint(world):
    status = world.ledger.get("/v1/admin/status", local=True).json
    for name in ("truth", "index"):
        size = (world.ledger.dir / name / "data.mdb").stat().st_blocks * 512
        world.rows.add(f"{name} on disk", size / status["records"], "bytes/rec")
