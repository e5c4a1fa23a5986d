#include "apply.h"

/*
 * The life of a recall in the register: its versions, and who was told, answered and reported.
 */

static const char *const states[] = {[RECALL_DRAFT] = "draft",
				     [RECALL_OPEN] = "open",
				     [RECALL_CLOSED] = "closed",
				     [RECALL_REVOKED] = "revoked"};
enum { STATES = sizeof states / sizeof *states };

enum recall_state recall_state_of(struct sy_str name)
{
	for (unsigned i = RECALL_DRAFT; i < STATES; i++)
		if (sy_str_is(name, states[i]))
			return i;
	return 0;
}

const char *recall_state_name(enum recall_state state)
{
	return (unsigned)state < STATES ? states[state] : NULL;
}

/* --- the case -------------------------------------------------------------------------------- */

/* The first record of an id: versions stand newest first. */
static int first_version(struct kv_tx *tx, struct sy_str id, uint64_t *record)
{
	struct key end = key_register_version(REG_RECALL, id, 0);
	struct sy_str key, value;
	int err = kv_seek(tx, T_REGISTER, key_str(&end), &key, &value);

	if (err == SY_OK || err == SY_ENOTFOUND)
		err = kv_prev(tx, T_REGISTER, &key, &value);
	if (err)
		return err;
	if (key.n != end.n || memcmp(key.p, end.b, end.n - 8))
		return SY_ENOTFOUND;
	*record = ~sy_get64((const uint8_t *)key.p + key.n - 8);
	return SY_OK;
}

enum { STATE_BITS = 0xff, MOCK_BIT = 0x100 }; /* of a Recall row's `roles` */

static void row_recall(const struct register_row *row, uint64_t number, struct index_recall *out)
{
	out->number = number;
	out->state = (enum recall_state)(row->roles & STATE_BITS);
	out->mock = row->roles & MOCK_BIT;
	out->row = *row;
}

int recall_get(struct kv_tx *tx, struct sy_str id, struct index_recall *out)
{
	struct register_row row;
	uint64_t number;
	int err = row_get(tx, REG_RECALL, id, &row);

	if (err || (err = first_version(tx, id, &number)))
		return err;
	row_recall(&row, number, out);
	return SY_OK;
}

int recall_apply(struct apply *a, struct register_row *row)
{
	const struct sy_json *root = sy_json_root(&a->doc),
			     *v = sy_json_get(&a->doc, root, "state");
	struct sy_str state = SY_STR("");
	struct index_recall now;

	if (v && sy_json_string(&a->doc, v, &a->arena, &state) == SY_ENOMEM)
		return SY_ENOMEM;
	row->roles = recall_state_of(state);
	v = sy_json_get(&a->doc, root, "mock");
	if (v && v->type == SY_JSON_TRUE)
		row->roles |= MOCK_BIT;
	int err = row_put(a->tx, REG_RECALL, row);
	if (err == SY_OK)
		err = recall_get(a->tx, row->id, &now);
	return err ? err : recalls_version(a, &now);
}

/* --- ids of what belongs to a case ----------------------------------------------------------- */

static struct sy_str terminated(const char *text)
{
	return text ? sy_str(text) : SY_STR("");
}

struct sy_str recall_party_id(struct sy_arena *arena, uint64_t number, struct sy_str party)
{
	return terminated(sy_arena_printf(arena, "%016llx %.*s", (unsigned long long)number,
					  (int)party.n, party.p));
}

struct sy_str recall_inbox_id(struct sy_arena *arena, struct sy_str party, uint64_t number)
{
	if (number == UINT64_MAX)
		return terminated(sy_arena_printf(arena, "%.*s\n", (int)party.n, party.p));
	return terminated(sy_arena_printf(arena, "%.*s\n%016llx", (int)party.n, party.p,
					  (unsigned long long)number));
}

static const char version_begins[] = "\"version\":";

int recall_version(const struct register_row *row, uint64_t *record)
{
	const size_t n = sizeof version_begins - 1;
	struct sy_str digits = {row->shown.p + n, 0};

	if (row->shown.n <= n || memcmp(row->shown.p, version_begins, n))
		return SY_ECORRUPT;
	while (n + digits.n < row->shown.n && digits.p[digits.n] >= '0' &&
	       digits.p[digits.n] <= '9')
		digits.n++;
	return sy_str_u64(digits, record);
}

/* The row's case, and what will be shown of the row: the version that it speaks of. */
static int of_case(struct apply *a, struct register_row *row, struct index_recall *of)
{
	const char *text;
	int err = recall_get(a->tx, row->id, of);

	if (err)
		return err;
	text = sy_arena_printf(&a->arena, "%s%llu", version_begins,
			       (unsigned long long)of->row.record);
	if (text == NULL)
		return SY_ENOMEM;
	row->shown = sy_str(text);
	return SY_OK;
}

/* One party of a notice.  The text isn't kept a thousand times: it is in the record. */
static int notice_party(struct apply *a, const struct register_row *notice, uint64_t number,
			struct sy_str party)
{
	struct register_row row = *notice;
	int err;

	row.payload = SY_STR("");
	row.owner = party;
	row.id = recall_party_id(&a->arena, number, party);
	if (row.id.n == 0)
		return SY_ENOMEM;
	if ((err = row_put(a->tx, REG_NOTICE, &row)))
		return err;
	row.owner = notice->id;
	row.id = recall_inbox_id(&a->arena, party, number);
	return row.id.n ? row_put(a->tx, REG_INBOX, &row) : SY_ENOMEM;
}

static const struct key newest_notice = {.b = "notice", .n = 6};

int notice_apply(struct apply *a, struct register_row *row)
{
	const struct sy_json *list = sy_json_get(&a->doc, sy_json_root(&a->doc), "parties"), *v;
	struct index_recall of;
	struct sy_str party;
	int err = of_case(a, row, &of);

	if (err || list == NULL || list->type != SY_JSON_ARRAY)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = put_u64(a->tx, T_META, &newest_notice, row->record)))
		return err;
	sy_json_each (&a->doc, list, v) {
		a->work++;
		if ((err = sy_json_string(&a->doc, v, &a->arena, &party)) == SY_OK)
			err = notice_party(a, row, of.number, party);
		if (err && err != SY_EINVAL)
			return err;
	}
	return SY_OK;
}

int answer_apply(struct apply *a, struct register_row *row)
{
	struct index_recall of;
	int err = of_case(a, row, &of);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	row->owner = row->id;
	row->id = recall_party_id(&a->arena, of.number, row->author);
	return row->id.n ? row_put(a->tx, REG_ANSWER, row) : SY_ENOMEM;
}

int report_apply(struct apply *a, struct register_row *row)
{
	struct index_recall of;
	int err = of_case(a, row, &of);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return row_put(a->tx, REG_REPORT, row);
}

/* --- reading --------------------------------------------------------------------------------- */

int index_recall(struct index_read *r, struct sy_str id, struct index_recall *out)
{
	return recall_get(&r->tx, id, out);
}

uint64_t index_newest_notice(struct index_read *r)
{
	uint64_t record;

	return get_u64(&r->tx, T_META, &newest_notice, &record) == SY_OK ? record : 0;
}
