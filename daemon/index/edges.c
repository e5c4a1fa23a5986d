#include "rows.h"

/* What leads where: the edges as readers see them. */

static enum table table_of(enum index_direction d)
{
	return d == INDEX_FORWARD ? T_FORWARD : T_BACK;
}

int index_edges(struct index_read *r, enum index_direction d, uint64_t id, bool first,
		struct sy_str *ids)
{
	struct kv_place *at = &r->edges[d];
	uint8_t k[8];
	int err;

	at->table = table_of(d);
	if (!first && at->whole)
		return SY_ENOTFOUND;
	if (!first)
		return kv_values(&r->tx, at->table, SY_STR(""), false, ids);
	sy_put64(k, id);
	if ((err = kv_place_seek(&r->tx, at, (struct sy_str){(const char *)k, sizeof k})))
		return err;
	if (at->key.n != sizeof k || memcmp(at->key.p, k, sizeof k))
		return SY_ENOTFOUND;
	return kv_place_values(&r->tx, at, ids);
}

int index_edges_sweep(struct index_read *r, enum index_direction d,
		      int (*each)(void *ctx, struct sy_str id, struct sy_str ids), void *ctx)
{
	return kv_sweep(&r->tx, table_of(d), each, ctx);
}

uint64_t index_edges_count(struct index_read *r, enum index_direction d)
{
	return kv_count(&r->tx, table_of(d));
}
