#include "fakelog.h"

#include "index/index.h"

/* The register's rows: who is who, whose key, whose prefix, what a code stands for. */

static struct ledger *l;
static struct index *ix;
static struct index_read rd;

#define OPERATOR "https://id.gs1.org/417/6901234000009"
#define DAIRY "urn:example:dairy"
#define COOP "urn:example:coop"
#define PRODUCT "https://id.gs1.org/01/06901234567892"

struct person {
	struct sy_signer s;
	char vkey[SY_VKEY_TEXT];
};
static struct person op, dairy, dairy2, coop;

static struct person person(uint8_t seed, const char *name)
{
	struct person p;
	uint8_t bytes[SY_SEED_SIZE];
	struct sy_vkey v;

	memset(bytes, seed, sizeof bytes);
	sy_signer_from_seed(&p.s, bytes);
	ck_assert_int_eq(sy_vkey_make(&v, sy_str(name), p.s.key), SY_OK);
	sy_vkey_format(&v, p.vkey);
	return p;
}

static void open_index(void)
{
	struct index_options o = {.dir = log_dir, .ledger = l};
	const char *why;

	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
}

static void genesis(void)
{
	log_add(l, op.s.key,
		"{\"type\":\"Ledger\",\"origin\":\"example.com/t\",\"logKey\":\"x\",\"operator\":"
		"{\"id\":\"" OPERATOR "\",\"name\":{\"zh\":\"运营\"},\"key\":{\"vkey\":\"%s\","
		"\"proof\":\"\"}},\"created\":\"2026-11-24T00:00:00Z\"}",
		op.vkey);
}

static void setup(void)
{
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	op = person(1, "op");
	dairy = person(2, "dairy");
	dairy2 = person(3, "dairy");
	coop = person(4, "coop");
	dir_make();
	l = log_new();
	open_index();
	genesis();
}

static void teardown(void)
{
	index_close(ix);
	log_free(l);
	dir_remove();
}

static void look(void)
{
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_assert_int_eq(index_read_begin(ix, &rd), SY_OK);
	ck_assert_uint_eq(rd.position, l->n_entries);
}

static void unlook(void)
{
	index_read_end(&rd);
}

#define ck_str(s, text) \
	ck_assert_msg(sy_str_is((s), (text)), "%.*s, expected %s", (int)(s).n, (s).p, (text))

static uint64_t party(const char *id, const char *more)
{
	return log_add(l, op.s.key, "{\"type\":\"Party\",\"id\":\"%s\"%s}", id, more);
}

static const char *keys(const char *a, const char *b)
{
	static char out[1024];
	int n = snprintf(out, sizeof out, ",\"keys\":[");

	if (a)
		n += snprintf(out + n, sizeof out - (size_t)n,
			      "{\"vkey\":\"%s\",\"until\":\"2027-12-31\"}", a);
	if (b)
		n += snprintf(out + n, sizeof out - (size_t)n, "%s{\"vkey\":\"%s\"}", a ? "," : "",
			      b);
	snprintf(out + n, sizeof out - (size_t)n, "]");
	return out;
}

/* --- genesis --------------------------------------------------------------------------------- */

START_TEST(genesis_is_the_operator)
{
	struct register_row row;
	struct register_key key;

	look();
	ck_assert_int_eq(register_get(&rd, REG_LEDGER, SY_STR(""), &row), SY_OK);
	ck_str(row.owner, OPERATOR);
	ck_assert_int_eq(register_get(&rd, REG_PARTY, sy_str(OPERATOR), &row), SY_OK);
	ck_assert_uint_eq(row.roles, ROLE_OPERATOR);
	ck_assert_uint_eq(row.record, 0);
	ck_assert(row.payload.n > 20 && memcmp(row.payload.p, "{\"id\"", 5) == 0);
	ck_assert_int_eq(register_key(&rd, op.s.key, &key), SY_OK);
	ck_str(key.party, OPERATOR);
	ck_assert_uint_eq(key.until, UINT64_MAX);
	ck_assert_uint_eq(key.revoked, UINT64_MAX);
	unlook();
}
END_TEST

START_TEST(second_ledger_record_is_nothing)
{
	struct register_row row;

	genesis();
	look();
	ck_assert_int_eq(register_get(&rd, REG_LEDGER, SY_STR(""), &row), SY_OK);
	ck_assert_uint_eq(row.record, 0);
	unlook();
}
END_TEST

/* --- parties and keys ------------------------------------------------------------------------ */

START_TEST(party_row)
{
	struct register_row row;

	party(DAIRY, ",\"roles\":[\"producer\",\"seller\",\"nonsense\",7],\"replaces\":1");
	look();
	ck_assert_int_eq(register_get(&rd, REG_PARTY, sy_str(DAIRY), &row), SY_OK);
	ck_assert_uint_eq(row.roles, ROLE_PRODUCER | ROLE_SELLER);
	ck_assert_uint_eq(row.record, 1);
	ck_assert_uint_eq(row.entry, 1);
	ck_assert_uint_eq(row.time, 2000);
	ck_str(row.author, OPERATOR);
	ck_str(row.owner, OPERATOR);
	ck_str(row.id, DAIRY);
	unlook();
}
END_TEST

/* --- what a verdict shows ----------------------------------------------------------------------
 */

static const struct {
	const char *record;
	enum register_kind kind;
	const char *id, *shown;
} shown[] = {
    {"{\"type\":\"Party\",\"id\":\"urn:a\",\"roles\":[],\"name\":{\"zh\":\"甲\",\"en\":\"A\"}}",
     REG_PARTY, "urn:a", "\"name\":{\"zh\":\"甲\",\"en\":\"A\"}"},
    {"{\"type\":\"Party\",\"id\":\"urn:a\"}", REG_PARTY, "urn:a", ""},
    {"{\"type\":\"Product\",\"standard\":\"GB 19645\",\"code\":\"https://id.gs1.org/01/"
     "06901234567892\",\"name\":{\"en\":\"A \\\"b\\\"\"},\"specification\":\"250 mL\","
     "\"licences\":[],\"category\":\"food\"}",
     REG_PRODUCT, "https://id.gs1.org/01/06901234567892",
     "\"name\":{\"en\":\"A \\\"b\\\"\"},\"category\":\"food\",\"specification\":\"250 mL\","
     "\"standard\":\"GB 19645\""},
    {"{\"type\":\"Product\",\"code\":\"https://id.gs1.org/01/"
     "06901234567892\",\"category\":\"other\"}",
     REG_PRODUCT, "https://id.gs1.org/01/06901234567892", "\"category\":\"other\""},
    {"{\"type\":\"Place\",\"id\":\"urn:b\",\"name\":{\"zh\":\"乙\"}}", REG_PLACE, "urn:b", ""},
    {"{\"type\":\"Contact\",\"id\":\"urn:c\",\"name\":\"Li Lei\"}", REG_CONTACT, "urn:c", ""},
};

/* Each version has its own; of the genesis it is the operator's; what may be erased shows nothing.
 */
START_TEST(what_is_shown)
{
	struct register_row row;

	look();
	ck_assert_int_eq(register_get(&rd, REG_PARTY, sy_str(OPERATOR), &row), SY_OK);
	ck_str(row.shown, "\"name\":{\"zh\":\"运营\"}");
	unlook();
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		log_add(l, op.s.key, "%s", shown[i].record);
		look();
		ck_assert_int_eq(register_get(&rd, shown[i].kind, sy_str(shown[i].id), &row),
				 SY_OK);
		ck_str(row.shown, shown[i].shown);
		unlook();
	}
}
END_TEST

START_TEST(keys_come_and_go)
{
	struct register_key key;
	uint64_t first = party(DAIRY, keys(dairy.vkey, NULL)), both, again;

	both = party(DAIRY, keys(dairy.vkey, dairy2.vkey));
	look();
	ck_assert_int_eq(register_key(&rd, dairy.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.record, first);
	/* the end of 2027-12-31 in China is 16:00 UTC */
	ck_assert_uint_eq(key.until, 1830268800000U - 1);
	ck_assert_uint_eq(key.revoked, UINT64_MAX);
	ck_assert_int_eq(register_key(&rd, dairy2.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.record, both);
	ck_assert_uint_eq(key.until, UINT64_MAX);
	unlook();

	party(DAIRY, keys(NULL, dairy2.vkey));
	look();
	ck_assert_int_eq(register_key(&rd, dairy.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.revoked, 4000);
	ck_str(key.party, DAIRY);
	ck_assert_int_eq(register_key(&rd, dairy2.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.record, both);
	ck_assert_uint_eq(key.revoked, UINT64_MAX);
	unlook();

	/* other versions leave the time of a revocation alone; enrolled again it is a new one */
	party(DAIRY, keys(NULL, dairy2.vkey));
	look();
	ck_assert_int_eq(register_key(&rd, dairy.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.revoked, 4000);
	unlook();
	again = party(DAIRY, keys(dairy.vkey, NULL));
	look();
	ck_assert_int_eq(register_key(&rd, dairy.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.revoked, UINT64_MAX);
	ck_assert_uint_eq(key.record, again);
	ck_assert_int_eq(register_key(&rd, dairy2.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.revoked, 6000);
	unlook();
}
END_TEST

START_TEST(key_stays_with_its_party)
{
	struct register_key key;

	party(DAIRY, keys(dairy.vkey, NULL));
	party(COOP, keys(dairy.vkey, coop.vkey));
	party(COOP, "");
	look();
	ck_assert_int_eq(register_key(&rd, dairy.s.key, &key), SY_OK);
	ck_str(key.party, DAIRY);
	ck_assert_uint_eq(key.revoked, UINT64_MAX);
	ck_assert_int_eq(register_key(&rd, coop.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.revoked, 4000);
	unlook();
}
END_TEST

START_TEST(illegible_until_is_no_key)
{
	static const char *const untils[] = {"\"2027-13-01\"", "\"\"", "7", "{}"};
	struct register_key key;
	char more[512];

	for (size_t i = 0; i < sizeof untils / sizeof *untils; i++) {
		snprintf(more, sizeof more, ",\"keys\":[{\"vkey\":\"%s\",\"until\":%s}]",
			 dairy.vkey, untils[i]);
		party(DAIRY, more);
	}
	look();
	ck_assert_int_eq(register_key(&rd, dairy.s.key, &key), SY_ENOTFOUND);
	unlook();
}
END_TEST

START_TEST(genesis_key_is_replaced)
{
	struct register_key key;
	struct register_row row;

	party(OPERATOR, keys(dairy.vkey, NULL));
	look();
	ck_assert_int_eq(register_key(&rd, op.s.key, &key), SY_OK);
	ck_assert_uint_eq(key.revoked, 2000);
	ck_assert_int_eq(register_get(&rd, REG_PARTY, sy_str(OPERATOR), &row), SY_OK);
	ck_assert_uint_eq(row.record, 1);
	ck_assert_uint_eq(row.roles, 0);
	unlook();
}
END_TEST

static const char odd_types[] =
    "{\"type\":\"Party\",\"id\":\"urn:example:odd\",\"keys\":{},\"roles\":\"x\",\"prefixes\":1}";
static const char odd_lists[] =
    "{\"type\":\"Party\",\"id\":\"urn:example:odd\",\"keys\":[1,{},{\"vkey\":1},{\"vkey\":\"a+b+"
    "c\"}],"
    "\"prefixes\":[\"\",\"69x\",\"123456789012345678901234567890123\",4]}";

START_TEST(malformed_records_do_nothing)
{
	static const char *const bad[] = {
	    "{\"type\":\"Party\"}",
	    "{\"type\":\"Party\",\"id\":\"\"}",
	    "{\"type\":\"Party\",\"id\":7}",
	    odd_types,
	    odd_lists,
	    "{\"type\":\"Product\",\"code\":\"06901234567893\"}",
	    "{\"type\":\"Product\"}",
	    "{\"type\":\"Place\",\"id\":[]}",
	    "{\"type\":\"Rules\"}",
	    "{\"type\":\"Erasure\"}",
	    "{\"type\":\"Erasure\",\"record\":-1}",
	    "{\"type\":\"Erasure\",\"record\":1.5}",
	    "{\"type\":\"Erasure\",\"record\":99999999999999999999}",
	    "{\"type\":\"Erasure\",\"record\":500}",
	    "{\"type\":7}",
	    "{}",
	    "{\"type\":\"Unheard\"}",
	};
	struct register_row row;
	struct sy_str prefix, holder;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		log_add(l, op.s.key, "%s", bad[i]);
	look();
	ck_assert_int_eq(register_get(&rd, REG_PARTY, SY_STR("urn:example:odd"), &row), SY_OK);
	ck_assert_int_eq(register_next(&rd, REG_PRODUCT, SY_STR(""), &row), SY_ENOTFOUND);
	ck_assert_int_eq(register_next(&rd, REG_PLACE, SY_STR(""), &row), SY_ENOTFOUND);
	ck_assert_int_eq(register_next(&rd, REG_RULES, SY_STR(""), &row), SY_ENOTFOUND);
	ck_assert_int_eq(register_prefix(&rd, SY_STR("69123456"), &prefix, &holder), SY_ENOTFOUND);
	unlook();
}
END_TEST

/* --- prefixes -------------------------------------------------------------------------------- */

START_TEST(prefixes)
{
	static const struct {
		const char *digits, *prefix, *party;
	} longest[] =
	    {
		{"6901234567892", "6901234", DAIRY},
		{"6901239999999", "690123", COOP},
		{"690123", "690123", COOP},
		{"69012", NULL, NULL},
		{"7", NULL, NULL},
		{"", NULL, NULL},
		{"69012341", "69012341", COOP},
	    },
	  overlaps[] = {
	      {"69", "690123", COOP}, {"690123456", "6901234", DAIRY}, {"6901", "690123", COOP},
	      {"690124", NULL, NULL}, {"690123", "690123", COOP},      {"70", NULL, NULL},
	  };
	struct sy_str prefix, holder;

	party(DAIRY, ",\"prefixes\":[\"6901234\",\"77\"]");
	party(COOP, ",\"prefixes\":[\"690123\",\"69012341\"]");
	party(DAIRY, ",\"prefixes\":[\"6901234\"]");
	look();
	for (size_t i = 0; i < sizeof longest / sizeof *longest; i++) {
		int err = register_prefix(&rd, sy_str(longest[i].digits), &prefix, &holder);
		ck_assert_msg(err == (longest[i].prefix ? SY_OK : SY_ENOTFOUND), "%s",
			      longest[i].digits);
		if (err == SY_OK) {
			ck_str(prefix, longest[i].prefix);
			ck_str(holder, longest[i].party);
		}
	}
	for (size_t i = 0; i < sizeof overlaps / sizeof *overlaps; i++) {
		int err =
		    register_prefix_overlap(&rd, sy_str(overlaps[i].digits), &prefix, &holder);
		ck_assert_msg(err == (overlaps[i].prefix ? SY_OK : SY_ENOTFOUND), "%s",
			      overlaps[i].digits);
		if (err == SY_OK) {
			ck_str(prefix, overlaps[i].prefix);
			ck_str(holder, overlaps[i].party);
		}
	}
	unlook();
}
END_TEST

/* --- codes granted by themselves ------------------------------------------------------------- */

START_TEST(grants)
{
	static const struct {
		const char *code, *party;
	} rows[] = {
	    {"https://id.gs1.org/01/00000012345670", DAIRY},
	    {"urn:suyuan:cn:drug-product:8385793", COOP},
	    {PRODUCT, COOP},
	    {"https://id.gs1.org/01/16901234567899", DAIRY},
	    {"https://id.gs1.org/01/06901234000009", NULL},
	};
	struct sy_str code, holder, after = SY_STR("");

	party(DAIRY, ",\"grants\":[\"12345670\",\"06901234000009\",7,\"x\",\"16901234567899\"]");
	party(COOP, ",\"grants\":[\"8385793\",\"" PRODUCT "\"],\"prefixes\":[\"691\"]");
	party(DAIRY, ",\"grants\":[\"(01)00000012345670\",\"16901234567899\"]");
	look();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int err = register_grant(&rd, sy_str(rows[i].code), &holder);
		ck_assert_msg(err == (rows[i].party ? SY_OK : SY_ENOTFOUND), "%s", rows[i].code);
		if (err == SY_OK)
			ck_str(holder, rows[i].party);
	}
	const struct sy_str stem = SY_STR("https://id.gs1.org/01/06901234");
	ck_assert_int_eq(register_grant_next(&rd, stem, after, &code, &holder), SY_OK);
	ck_str(code, PRODUCT);
	ck_str(holder, COOP);
	after = code;
	ck_assert_int_eq(register_grant_next(&rd, stem, after, &code, &holder), SY_ENOTFOUND);
	ck_assert_int_eq(
	    register_grant_next(&rd, SY_STR("https://id.gs1.org/01/2"), SY_STR(""), &code, &holder),
	    SY_ENOTFOUND);
	/* a code is never taken for a prefix */
	ck_assert_int_eq(register_prefix(&rd, SY_STR("6901234567892"), &code, &holder),
			 SY_ENOTFOUND);
	ck_assert_int_eq(register_prefix_overlap(&rd, SY_STR("70"), &code, &holder), SY_ENOTFOUND);
	unlook();
}
END_TEST

/* --- products, places, rules, contacts ------------------------------------------------------- */

START_TEST(product_is_found_by_canonical_code)
{
	struct register_row row;

	party(DAIRY, keys(dairy.vkey, NULL));
	log_add(l, dairy.s.key, "{\"type\":\"Product\",\"code\":\"6901234567892\",\"v\":1}");
	log_add(l, op.s.key,
		"{\"type\":\"Product\",\"code\":\"" PRODUCT "\",\"owner\":\"" COOP
		"\",\"replaces\":2}");
	look();
	ck_assert_int_eq(register_get(&rd, REG_PRODUCT, SY_STR(PRODUCT), &row), SY_OK);
	ck_str(row.owner, COOP);
	ck_str(row.author, OPERATOR);
	ck_assert_uint_eq(row.record, 3);
	unlook();
}
END_TEST

START_TEST(owner_is_the_author)
{
	struct register_row row;

	party(DAIRY, keys(dairy.vkey, NULL));
	log_add(l, dairy.s.key, "{\"type\":\"Product\",\"code\":\"6901234567892\"}");
	log_add(l, dairy.s.key,
		"{\"type\":\"Place\",\"id\":\"urn:example:hall\",\"party\":\"" COOP "\"}");
	log_add(l, dairy.s.key, "{\"type\":\"Contact\",\"id\":\"urn:example:who\"}");
	look();
	ck_assert_int_eq(register_get(&rd, REG_PRODUCT, SY_STR(PRODUCT), &row), SY_OK);
	ck_str(row.owner, DAIRY);
	ck_assert_int_eq(register_get(&rd, REG_PLACE, SY_STR("urn:example:hall"), &row), SY_OK);
	ck_str(row.owner, COOP);
	ck_assert_int_eq(register_get(&rd, REG_CONTACT, SY_STR("urn:example:who"), &row), SY_OK);
	ck_str(row.author, DAIRY);
	unlook();
}
END_TEST

START_TEST(rules_have_a_version)
{
	struct register_row row;

	look();
	ck_assert_uint_eq(register_version(&rd), 0);
	unlook();
	log_add(l, op.s.key, "{\"type\":\"Rules\",\"name\":\"food\",\"v\":1}");
	log_add(l, op.s.key, "{\"type\":\"Rules\",\"name\":\"drug\"}");
	log_add(l, op.s.key, "{\"type\":\"Rules\",\"name\":\"food\",\"v\":2}");
	look();
	ck_assert_uint_eq(register_version(&rd), 3);
	ck_assert_int_eq(register_get(&rd, REG_RULES, SY_STR("food"), &row), SY_OK);
	ck_assert_uint_eq(row.record, 3);
	unlook();
}
END_TEST

START_TEST(listed_in_order_newest_only)
{
	static const char *const ids[] = {"a", "a\\u0001", "ab", "b"};
	static const struct sy_str want[] = {{"a", 1}, {"a\1", 2}, {"ab", 2}, {"b", 1}};
	struct register_row row = {.id = {"", 0}};

	for (unsigned turn = 0; turn < 3; turn++)
		for (size_t i = 4; i-- > 0;)
			log_add(l, op.s.key, "{\"type\":\"Place\",\"id\":\"%s\"}", ids[i]);
	look();
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(register_next(&rd, REG_PLACE, row.id, &row), SY_OK);
		ck_assert(sy_str_eq(row.id, want[i]));
		ck_assert_uint_eq(row.record, 12 - i);
	}
	ck_assert_int_eq(register_next(&rd, REG_PLACE, row.id, &row), SY_ENOTFOUND);
	unlook();
}
END_TEST

START_TEST(long_ids)
{
	struct register_row row;
	char id[3][2001];

	for (size_t i = 0; i < 3; i++) {
		memset(id[i], 'x', 2000);
		id[i][2000] = '\0';
		id[i][1000] = (char)('a' + i);
		if (i == 2)
			id[i][470] = '\0';
		log_add(l, op.s.key, "{\"type\":\"Place\",\"id\":\"%s\"}", id[i]);
	}
	look();
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(register_get(&rd, REG_PLACE, sy_str(id[i]), &row), SY_OK);
		ck_assert_uint_eq(row.record, i + 1);
		ck_str(row.id, id[i]);
	}
	unlook();
}
END_TEST

START_TEST(versions_stay)
{
	static const struct {
		uint64_t before, record; /* 0: none was in force */
	} rows[] = {{0, 0}, {1, 0}, {2, 1}, {3, 1}, {4, 3}, {5, 3}, {UINT64_MAX, 3}};
	struct register_row row;

	for (unsigned i = 0; i < 3; i++)
		log_add(l, op.s.key, "{\"type\":\"Rules\",\"name\":\"%s\",\"v\":%u}",
			i == 1 ? "drug" : "food", i);
	look();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int err = register_get_before(&rd, REG_RULES, SY_STR("food"), rows[i].before, &row);
		ck_assert_int_eq(err, rows[i].record ? SY_OK : SY_ENOTFOUND);
		if (err == SY_OK)
			ck_assert_uint_eq(row.record, rows[i].record);
	}
	unlook();
}
END_TEST

static unsigned reach(unsigned want)
{
	unsigned tells;

	look();
	ck_assert_int_eq(register_reach(&rd, SY_STR(DAIRY), want, &tells), SY_OK);
	unlook();
	return tells;
}

static uint64_t place(const char *id, const char *who, const char *more)
{
	return log_add(l, op.s.key, "{\"type\":\"Place\",\"id\":\"%s\",\"party\":\"%s\"%s}", id,
		       who, more);
}

START_TEST(places_of_a_party)
{
	const unsigned all = PLACE_ADDRESS | PLACE_PHONE | PLACE_CONTACT;
	struct register_row row;

	place("urn:a", DAIRY, ",\"region\":\"130100\",\"address\":\"\",\"phone\":7");
	place("urn:b", COOP, ",\"address\":\"x\",\"phone\":\"1\"");
	ck_assert_uint_eq(reach(all), 0);
	place("urn:a", DAIRY, ",\"address\":\"x\",\"project\":\"p\",\"part\":\"q\"");
	ck_assert_uint_eq(reach(all), PLACE_ADDRESS | PLACE_PROJECT | PLACE_PART);
	look();
	ck_assert_int_eq(register_get(&rd, REG_PLACE, SY_STR("urn:a"), &row), SY_OK);
	ck_assert_uint_eq(row.roles, PLACE_ADDRESS | PLACE_PROJECT | PLACE_PART);
	unlook();
	uint64_t contact = log_add(l, op.s.key,
				   "{\"type\":\"Contact\",\"id\":\"urn:a\",\"party\":\"" DAIRY
				   "\",\"address\":\"y\"}");
	ck_assert_uint_eq(reach(PLACE_CONTACT), PLACE_CONTACT);
	/* what isn't in force tells nothing */
	uint64_t moved = place("urn:a", COOP, ",\"address\":\"x\"");
	ck_assert_uint_eq(reach(all), PLACE_CONTACT);
	log_add(l, op.s.key, "{\"type\":\"Erasure\",\"record\":%lu}", (unsigned long)contact);
	ck_assert_uint_eq(reach(all), 0);
	log_add(l, op.s.key, "{\"type\":\"Erasure\",\"record\":%lu}", (unsigned long)moved);
	ck_assert_uint_eq(reach(PLACE_ADDRESS), PLACE_ADDRESS | PLACE_PROJECT | PLACE_PART);
	index_close(ix);
	ck_assert_int_eq(index_fsck(log_dir, l, NULL, NULL, NULL), SY_OK);
	open_index();
	ck_assert_uint_eq(reach(PLACE_ADDRESS), PLACE_ADDRESS | PLACE_PROJECT | PLACE_PART);
}
END_TEST

/* --- erasure of register rows ---------------------------------------------------------------- */

START_TEST(erased_place_falls_back)
{
	struct register_row row;
	uint64_t by;

	log_add(l, op.s.key, "{\"type\":\"Place\",\"id\":\"urn:p\",\"v\":1}");
	log_add(l, op.s.key, "{\"type\":\"Place\",\"id\":\"urn:p\",\"v\":2}");
	log_add(l, op.s.key, "{\"type\":\"Erasure\",\"record\":2}");
	look();
	ck_assert_int_eq(register_get(&rd, REG_PLACE, SY_STR("urn:p"), &row), SY_OK);
	ck_assert_uint_eq(row.record, 1);
	ck_assert_int_eq(index_erased(&rd, 2, &by), SY_OK);
	ck_assert_uint_eq(by, 3);
	ck_assert_int_eq(index_erased(&rd, 1, &by), SY_ENOTFOUND);
	unlook();
	ck_assert(l->records[2].gone && !l->records[1].gone);
	log_add(l, op.s.key, "{\"type\":\"Erasure\",\"record\":1}");
	look();
	ck_assert_int_eq(register_get(&rd, REG_PLACE, SY_STR("urn:p"), &row), SY_ENOTFOUND);
	unlook();
}
END_TEST

START_TEST(protected_records_stay)
{
	static const char *const kept[] = {
	    "{\"type\":\"Party\",\"id\":\"urn:x\"}",
	    "{\"type\":\"Product\",\"code\":\"6901234567892\"}",
	    "{\"type\":\"Rules\",\"name\":\"food\"}",
	    "{\"type\":\"Recall\",\"id\":\"r\"}",
	    "{\"type\":\"RecallNotice\",\"id\":\"r\"}",
	    "{\"type\":\"Erasure\",\"record\":900}",
	};
	uint64_t by;

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		uint64_t n = log_add(l, op.s.key, "%s", kept[i]);
		log_add(l, op.s.key, "{\"type\":\"Erasure\",\"record\":%lu}", (unsigned long)n);
		log_add(l, op.s.key, "{\"type\":\"Erasure\",\"record\":0}");
		look();
		ck_assert_msg(index_erased(&rd, n, &by) == SY_ENOTFOUND, "%s", kept[i]);
		ck_assert_int_eq(index_erased(&rd, 0, &by), SY_ENOTFOUND);
		unlook();
	}
	ck_assert_uint_eq(l->erasures, 0);
}
END_TEST

START_TEST(roles_by_name)
{
	ck_assert_uint_eq(party_role(SY_STR("operator")), ROLE_OPERATOR);
	ck_assert_uint_eq(party_role(SY_STR("laboratory")), ROLE_LABORATORY);
	ck_assert_uint_eq(party_role(SY_STR("")), 0);
	ck_assert_uint_eq(party_role(SY_STR("Operator")), 0);
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *tests[8];
	} cases[] = {
	    {"genesis", {genesis_is_the_operator, second_ledger_record_is_nothing}},
	    {"party",
	     {party_row, keys_come_and_go, key_stays_with_its_party, illegible_until_is_no_key,
	      genesis_key_is_replaced, malformed_records_do_nothing, roles_by_name}},
	    {"prefix", {prefixes, grants}},
	    {"rows",
	     {product_is_found_by_canonical_code, owner_is_the_author, rules_have_a_version,
	      listed_in_order_newest_only, long_ids, what_is_shown, versions_stay,
	      places_of_a_party}},
	    {"erasure", {erased_place_falls_back, protected_records_stay}},
	};
	Suite *s = suite_create("register");

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		TCase *tc = tcase_create(cases[i].name);
		tcase_add_checked_fixture(tc, setup, teardown);
		for (size_t k = 0; k < 8 && cases[i].tests[k]; k++)
			tcase_add_test(tc, cases[i].tests[k]);
		suite_add_tcase(s, tc);
	}
	return s;
}
