/*
 * Admission against a real ledger and index in a folder of its own.
 *
 * Records are written with ' for ", and with $who.id, $who.keys (a list with the proof of
 * possession), $who.keyid and $who.record (the number of its Party record) filled in.
 */
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <suyuan/suyuan.h>

#include "admit/admit.h"
#include "faults.h"
#include "run.h"

#define ORIGIN "example.com/admit"

enum who { OPERATOR, REGULATOR, DAIRY, FARM, PHARMACY, STRANGER, SECOND, EXPIRED, ACTORS };

static struct actor {
	const char *name, *id;
	struct sy_keyfile key;
	uint64_t record;
} actors[ACTORS] = {
    [OPERATOR] = {.name = "operator"},
    [REGULATOR] = {.name = "regulator", .id = "urn:suyuan:own:hebei:regulator"},
    [DAIRY] = {.name = "dairy", .id = "https://id.gs1.org/417/6901234000009"},
    [FARM] = {.name = "farm", .id = "urn:suyuan:own:farm:party"},
    [PHARMACY] = {.name = "pharmacy", .id = "https://id.gs1.org/417/6905678000007"},
    [STRANGER] = {.name = "stranger", .id = "urn:suyuan:own:stranger:party"},
    [SECOND] = {.name = "second", .id = "https://id.gs1.org/417/6901234000009"},
    [EXPIRED] = {.name = "expired", .id = "urn:suyuan:own:expired:party"},
};

static struct world {
	char dir[64];
	char operator_id[128];
	struct ledger *ledger;
	struct index *index;
	struct admit *admit;
	struct sy_arena arena;
	uint64_t entry; /* the last one written */
} w;

/* --- texts ----------------------------------------------------------------------------------- */

static struct actor *actor_of(struct sy_str name)
{
	for (int i = 0; i < ACTORS; i++)
		if (sy_str_is(name, actors[i].name))
			return &actors[i];
	ck_abort_msg("no actor %.*s", (int)name.n, name.p);
	return NULL;
}

static void put_keys(struct sy_buf *b, const struct actor *a)
{
	char name[SY_KEY_NAME_MAX + 1], text[SY_VKEY_TEXT];
	struct sy_vkey v;
	uint8_t proof[SY_SIG_SIZE];
	ck_assert_int_eq(sy_party_key_name(sy_str(a->id), name), SY_OK);
	ck_assert_int_eq(sy_vkey_make(&v, sy_str(name), a->key.signer.key), SY_OK);
	sy_vkey_format(&v, text);
	ck_assert_int_eq(
	    sy_key_proof_make(&a->key.signer, SY_STR(ORIGIN), sy_str(a->id), sy_str(text), proof),
	    SY_OK);
	sy_buf_printf(b, "{\"vkey\":\"%s\",\"proof\":\"", text);
	sy_buf_base64(b, proof, sizeof(proof));
	sy_buf_text(b, a == &actors[EXPIRED] ? "\",\"until\":\"2020-12-31\"}" : "\"}");
}

static void put_attribute(struct sy_buf *b, const struct actor *a, struct sy_str attribute)
{
	char name[SY_KEY_NAME_MAX + 1];
	if (sy_str_is(attribute, "id")) {
		sy_buf_text(b, a->id);
	} else if (sy_str_is(attribute, "keys")) {
		put_keys(b, a);
	} else if (sy_str_is(attribute, "record")) {
		sy_buf_u64(b, a->record);
	} else if (sy_str_is(attribute, "keyid")) {
		sy_party_key_name(sy_str(a->id), name);
		sy_buf_printf(b, "%08x", sy_key_id(sy_str(name), a->key.signer.key));
	} else {
		ck_abort_msg("no attribute %.*s", (int)attribute.n, attribute.p);
	}
}

static size_t word(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyz");
}

static struct sy_str fill(const char *text)
{
	struct sy_buf b = {0};
	for (const char *p = text; *p; p++) {
		if (*p == '\'') {
			sy_buf_byte(&b, '"');
		} else if (*p == '$') {
			size_t n = word(p + 1), m = word(p + n + 2);
			put_attribute(&b, actor_of((struct sy_str){p + 1, n}),
				      (struct sy_str){p + n + 2, m});
			p += n + 1 + m;
		} else {
			sy_buf_byte(&b, *p);
		}
	}
	char *kept = sy_arena_strdup(&w.arena, sy_buf_span(&b));
	sy_buf_free(&b);
	ck_assert_ptr_nonnull(kept);
	return sy_str(kept);
}

/* --- a world --------------------------------------------------------------------------------- */

static enum ledger_verdict judge(void *ctx, struct ledger_job *job, uint64_t entry, uint64_t time)
{
	(void)ctx;
	return admit_judge(w.admit, job, entry, time);
}

static void settle(void *ctx, struct ledger_job *job, bool published)
{
	(void)ctx;
	admit_settle(w.admit, job, published);
}

/* The lines of TEXTS as a submission by WHO, through parse and check. */
static struct sy_submission *submission(enum who who, const char *texts, uint32_t deadline)
{
	struct sy_str records[64], rest = fill(texts), line;
	struct sy_submission *s = sy_arena_calloc(&w.arena, 1, sizeof(*s));
	struct sy_faults faults;
	struct sy_buf body = {0};
	size_t n = 0;
	while (sy_str_line(&rest, &line))
		records[n++] = line;
	ck_assert_int_eq(sy_submission_make(&actors[who].key.signer, actors[who].key.salt_key,
					    SY_STR(ORIGIN), records, n, deadline, &body, NULL),
			 SY_OK);
	struct sy_str kept = {sy_arena_strdup(&w.arena, sy_buf_span(&body)), body.n};
	sy_buf_free(&body);
	sy_faults_init(&faults, &w.arena);
	sy_submission_parse(&w.arena, kept, s, &faults);
	if (sy_faults_status(&faults) == 0)
		sy_submission_check(&w.arena, SY_STR(ORIGIN), s, &faults);
	ck_assert_msg(sy_faults_status(&faults) == 0, "not a submission: %s: %s",
		      faults.n ? faults.v[0].detail : "", texts);
	return s;
}

static uint32_t soon(void)
{
	return (uint32_t)(sy_time_now() / 1000) + 600;
}

static struct admit_verdict *check(const struct sy_submission *s)
{
	struct admit_verdict *v = sy_arena_calloc(&w.arena, 1, sizeof(*v));
	ck_assert_int_eq(admit_check(w.admit, &w.arena, s, v), SY_OK);
	return v;
}

static void must_hold(const struct admit_verdict *v, const char *texts)
{
	for (size_t i = 0; v->status && i < v->faults.n; i++)
		fprintf(stderr, "%d %ld %s: %s\n", v->faults.v[i].status, v->faults.v[i].record,
			v->faults.v[i].pointer, v->faults.v[i].detail);
	ck_assert_msg(v->status == 0, "refused with %d: %s", v->status, texts);
}

struct turn {
	struct ledger_job job;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
};

static void turn_done(struct ledger_job *job)
{
	struct turn *t = (struct turn *)job;
	pthread_mutex_lock(&t->lock);
	t->done = true;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

/* Writes what must be accepted, and lets the index follow; the number of its first record. */
static uint64_t say(enum who who, const char *texts)
{
	struct turn t = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
	t.job.sub = submission(who, texts, soon());
	struct admit_verdict *v = check(t.job.sub);
	must_hold(v, texts);
	t.job.verdict = v;
	t.job.done = turn_done;
	ck_assert_int_eq(ledger_submit(w.ledger, &t.job), SY_OK);
	pthread_mutex_lock(&t.lock);
	while (!t.done)
		pthread_cond_wait(&t.cond, &t.lock);
	pthread_mutex_unlock(&t.lock);
	ck_assert_int_eq(t.job.said, LEDGER_APPEND);
	sy_buf_free(&t.job.proof);
	w.entry = t.job.entry;
	ck_assert_int_eq(index_catch_up(w.index), SY_OK);
	return t.job.first;
}

static void enrol(enum who author, enum who who, const char *text)
{
	actors[who].record = say(author, text);
}

static void populate(void)
{
	enrol(OPERATOR, REGULATOR,
	      "{'type':'Party','id':'$regulator.id','name':{'zh':'河北'},'roles':['regulator'],"
	      "'region':'130000','keys':[$regulator.keys]}");
	enrol(REGULATOR, DAIRY,
	      "{'type':'Party','id':'$dairy.id','name':{'zh':'石家庄乳业'},'roles':['producer'],"
	      "'region':'130100','uscc':'91350100M000100Y43','prefixes':['6901234'],"
	      "'keys':[$dairy.keys]}");
	enrol(REGULATOR, FARM,
	      "{'type':'Party','id':'$farm.id','name':{'zh':'合作社'},'roles':['producer'],"
	      "'region':'130102','keys':[$farm.keys]}");
	enrol(OPERATOR, PHARMACY,
	      "{'type':'Party','id':'$pharmacy.id','name':{'en':'Pharmacy'},'roles':['seller'],"
	      "'region':'440000','prefixes':['6905678'],'grants':['8385793','12345670'],"
	      "'keys':[$pharmacy.keys]}");
	enrol(OPERATOR, EXPIRED,
	      "{'type':'Party','id':'$expired.id','name':{'en':'Old'},'roles':['producer'],"
	      "'keys':[$expired.keys]}");
	say(DAIRY, "{'type':'Product','code':'06901234567892','name':{'zh':'鲜牛奶'},"
		   "'category':'food','specification':'250 mL','standard':'GB 19645',"
		   "'licences':[{'kind':'SC','number':'SC10744030704994'}]}");
	say(FARM, "{'type':'Product','code':'urn:suyuan:own:$farm.keyid:tomato',"
		  "'name':{'zh':'番茄'},'category':'agri'}");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void setup(void)
{
	const char *why = "";
	snprintf(w.dir, sizeof(w.dir), "/tmp/suyuan-admit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w.dir));
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	struct sy_str rules[16];
	ck_assert_uint_le(admit_n_default_rules, 16);
	for (size_t i = 0; i < admit_n_default_rules; i++)
		rules[i] = sy_str(admit_default_rules[i]);
	struct ledger_genesis g = {
	    .origin = ORIGIN, .records = rules, .n_records = admit_n_default_rules};
	ck_assert_msg(ledger_create(w.dir, &g, &why) == SY_OK, "%s", why);
	char path[96];
	snprintf(path, sizeof(path), "%s/operator.key", w.dir);
	ck_assert_msg(sy_keyfile_read(&actors[OPERATOR].key, path, NULL, &why) == SY_OK, "%s", why);
	for (int i = REGULATOR; i < ACTORS; i++) {
		char name[SY_KEY_NAME_MAX + 1];
		sy_party_key_name(sy_str(actors[i].id), name);
		ck_assert_int_eq(sy_keyfile_new(&actors[i].key, sy_str(name)), SY_OK);
	}
	struct ledger_options lo = {
	    .dir = w.dir, .map_size = 64 << 20, .judge = judge, .settle = settle};
	ck_assert_msg(ledger_open(&lo, &w.ledger, &why) == SY_OK, "%s", why);
	struct index_options io = {.dir = w.dir, .ledger = w.ledger, .map_size = 64 << 20};
	ck_assert_msg(index_open(&io, &w.index, &why) == SY_OK, "%s", why);
	ck_assert_int_eq(index_catch_up(w.index), SY_OK);
	ck_assert_int_eq(admit_new(w.ledger, w.index, &w.admit), SY_OK);
	ck_assert_int_eq(ledger_start(w.ledger), SY_OK);
	snprintf(w.operator_id, sizeof(w.operator_id), "urn:suyuan:own:%08x:operator",
		 actors[OPERATOR].key.vkey.id);
	struct index_read r;
	struct register_key key;
	ck_assert_int_eq(index_read_begin(w.index, &r), SY_OK);
	ck_assert_int_eq(register_key(&r, actors[OPERATOR].key.signer.key, &key), SY_OK);
	snprintf(w.operator_id, sizeof(w.operator_id), "%.*s", (int)key.party.n, key.party.p);
	index_read_end(&r);
	actors[OPERATOR].id = w.operator_id;
	populate();
}

static void teardown(void)
{
	ledger_stop(w.ledger);
	admit_free(w.admit);
	index_close(w.index);
	ledger_close(w.ledger);
	sy_arena_free(&w.arena);
	nftw(w.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	memset(&w, 0, sizeof(w));
}

/* --- tables ---------------------------------------------------------------------------------- */

struct row {
	const char *name;
	enum who who;
	const char *records;
	int status;
	const char *faults; /* "position pointer" each, warnings with * before; in order */
};

static const char *faults_text(const struct admit_verdict *v)
{
	struct sy_buf b = {0};
	for (size_t i = 0; i < v->faults.n; i++) {
		const struct sy_fault *f = &v->faults.v[i];
		sy_buf_printf(&b, "%s%s%ld %s%s%s", i ? " " : "", f->status ? "" : "*", f->record,
			      f->pointer, f->field ? "=" : "", f->field ? f->field : "");
	}
	char *kept = sy_arena_strdup(&w.arena, sy_buf_span(&b));
	sy_buf_free(&b);
	return kept;
}

static void run_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct admit_verdict *v = check(submission(rows[i].who, rows[i].records, soon()));
		const char *got = faults_text(v);
		if (v->status == rows[i].status && strcmp(got, rows[i].faults) == 0)
			continue;
		for (size_t k = 0; k < v->faults.n; k++)
			fprintf(stderr, "  %d %s: %s\n", v->faults.v[k].status,
				v->faults.v[k].pointer, v->faults.v[k].detail);
		ck_abort_msg("%s: got %d [%s], expected %d [%s]", rows[i].name, v->status, got,
			     rows[i].status, rows[i].faults);
	}
}

#define RUN(rows) run_rows((rows), sizeof(rows) / sizeof((rows)[0]))

#define PARTY(who) "{'type':'Party','id':'$" who ".id','name':{'en':'X'},"
#define NEW PARTY("stranger")
#define PRODUCT "{'type':'Product','name':{'en':'X'},'category':'other','code':"

START_TEST(test_form)
{
	static const struct row rows[] = {
	    {"no type", DAIRY, "{'x':1}", 400, "0 /type"},
	    {"type is a number", DAIRY, "{'type':1}", 400, "0 /type"},
	    {"unknown type", DAIRY, "{'type':'Recall'}", 422, "0 /type"},
	    {"a second genesis", OPERATOR, "{'type':'Ledger'}", 403, "0 /type"},
	    {"an empty party", OPERATOR, "{'type':'Party'}", 400, "0 /id 0 /name 0 /roles 0 /keys"},
	    {"wrong types", OPERATOR,
	     "{'type':'Party','id':1,'name':'x','roles':{},'keys':[1],'region':13,'replaces':-1}",
	     400, "0 /id 0 /name 0 /roles 0 /keys 0 /region 0 /replaces"},
	    {"a key without its members", OPERATOR, NEW "'roles':[],'keys':[{}]}", 400,
	     "0 /keys/0/vkey 0 /keys/0/proof"},
	    {"a region of letters", OPERATOR, NEW "'roles':[],'keys':[],'region':'13010x'}", 422,
	     "0 /region"},
	    {"every record's faults", DAIRY,
	     "{'type':'Product'}\n{'type':'Place','id':'urn:x:y','party':'$dairy.id'}\n{'type':1}",
	     400, "0 /code 0 /name 0 /category 1 /name 2 /type"},
	    {"licences", DAIRY, PRODUCT "'06901234567892','licences':[{'kind':'SC'},{}]}", 400,
	     "0 /licences/0/number 0 /licences/1/kind 0 /licences/1/number"},
	};
	RUN(rows);
}
END_TEST

START_TEST(test_author)
{
	static const struct row rows[] = {
	    {"a key that nobody enrolled", STRANGER, PRODUCT "'06901234000009'}", 401,
	     "-1 /author"},
	    {"form is judged all the same", STRANGER, "{'type':'Product'}", 400,
	     "-1 /author 0 /code 0 /name 0 /category"},
	    {"an expired key", EXPIRED, "{'type':'Product'}", 400,
	     "-1 /author 0 /code 0 /name 0 /category"},
	    {"an expired key alone", EXPIRED, PRODUCT "'urn:suyuan:own:$expired.keyid:x'}", 401,
	     "-1 /author"},
	};
	RUN(rows);
	say(DAIRY, "{'type':'Party','id':'$dairy.id','name':{'zh':'石家庄乳业'},"
		   "'roles':['producer'],'region':'130100','uscc':'91350100M000100Y43',"
		   "'prefixes':['6901234'],'keys':[$second.keys],'replaces':$dairy.record}");
	static const struct row after[] = {
	    {"a revoked key", DAIRY, PRODUCT "'06901234000009'}", 401, "-1 /author"},
	    {"the key that came", SECOND, PRODUCT "'06901234000009'}", 0, ""},
	};
	RUN(after);
	struct admit_verdict *v = check(submission(FARM, PRODUCT "'urn:suyuan:own:$farm.keyid:x'}",
						   (uint32_t)(sy_time_now() / 1000) - 5));
	ck_assert_int_eq(v->status, 422);
	ck_assert_str_eq(faults_text(v), "-1 /deadline");
}
END_TEST

START_TEST(test_party)
{
	static const struct row rows[] = {
	    {"an operator enrols", OPERATOR, NEW "'roles':['operator'],'keys':[$stranger.keys]}", 0,
	     ""},
	    {"a regulator enrols in its region", REGULATOR,
	     NEW "'roles':['producer'],'region':'130200','keys':[$stranger.keys]}", 0, ""},
	    {"a regulator elsewhere", REGULATOR,
	     NEW "'roles':['producer'],'region':'140000','keys':[$stranger.keys]}", 403,
	     "0 /region"},
	    {"a regulator without region", REGULATOR, NEW "'roles':['producer'],'keys':[]}", 403,
	     "0 /region"},
	    {"a regulator makes none of its own", REGULATOR,
	     NEW "'roles':['regulator'],'region':'130200','keys':[]}", 403, "0 /roles"},
	    {"a regulator leaves others' parties", REGULATOR,
	     PARTY(
		 "pharmacy") "'roles':[],'keys':[],'region':'130000','replaces':$pharmacy.record}",
	     403, "0 /region"},
	    {"nobody enrols itself", STRANGER, NEW "'roles':[],'keys':[$stranger.keys]}", 401,
	     "-1 /author"},
	    {"a producer enrols nobody", DAIRY, NEW "'roles':[],'keys':[]}", 403, "0 /id"},
	    {"names of one's own", DAIRY,
	     PARTY("dairy") "'roles':['producer'],'region':'130100','uscc':'91350100M000100Y43',"
			    "'prefixes':['6901234'],'keys':[$dairy.keys],'replaces':$dairy.record}",
	     0, ""},
	    {"nothing else of one's own", DAIRY,
	     PARTY("dairy") "'roles':['producer','seller'],'region':'130100','prefixes':['6901234',"
			    "'6911'],'keys':[$dairy.keys],'replaces':$dairy.record}",
	     403, "0 /roles 0 /prefixes 0 /uscc"},
	    {"stale", OPERATOR, PARTY("dairy") "'roles':[],'keys':[],'replaces':1}", 409,
	     "0 /replaces"},
	    {"it is there", OPERATOR, PARTY("dairy") "'roles':[],'keys':[]}", 409, "0 /id"},
	    {"nothing to replace", OPERATOR, NEW "'roles':[],'keys':[],'replaces':1}", 409,
	     "0 /replaces"},
	    {"twice in one", OPERATOR,
	     NEW "'roles':[],'keys':[]}\n" PARTY("stranger") "'roles':['site'],'keys':[]}", 409,
	     "1 /id"},
	    {"an unknown role", OPERATOR, NEW "'roles':['king'],'keys':[]}", 422, "0 /roles/0"},
	    {"a place is no party", OPERATOR,
	     "{'type':'Party','id':'https://id.gs1.org/414/6901234000016','name':{'en':'X'},"
	     "'roles':[],'keys':[]}",
	     422, "0 /id"},
	    {"not canonical", OPERATOR,
	     "{'type':'Party','id':'https://example.com/417/6901234000009','name':{'en':'X'},"
	     "'roles':[],'keys':[]}",
	     422, "0 /id"},
	    {"another's key", OPERATOR,
	     "{'type':'Party','id':'urn:suyuan:own:expired:party','name':{'en':'X'},'roles':[],"
	     "'keys':[$dairy.keys],'replaces':$expired.record}",
	     409, "0 /keys/0/vkey 0 /keys/0/vkey 0 /keys/0/proof"},
	    {"the same key twice", OPERATOR,
	     NEW "'roles':[],'keys':[$stranger.keys,$stranger.keys]}", 409, "0 /keys/1/vkey"},
	    {"no vkey", OPERATOR, NEW "'roles':[],'keys':[{'vkey':'x','proof':'y'}]}", 422,
	     "0 /keys/0/vkey"},
	    {"a wrong USCC", OPERATOR, NEW "'roles':[],'keys':[],'uscc':'91350100M000100Y4A'}", 422,
	     "0 /uscc"},
	    {"a wrong USCC that is meant", OPERATOR,
	     NEW
	     "'roles':[],'keys':[],'uscc':'91350100M000100Y4A','override':{'reason':'licence'}}",
	     0, "*0 /uscc"},
	    {"prefixes that are none", OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':['69','690x',"
		 "'6901234567892']}",
	     422, "0 /prefixes/0 0 /prefixes/1 0 /prefixes/2"},
	    {"a prefix that another holds", OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':['6901234','690123456','6901','6911']}", 409,
	     "0 /prefixes/0 0 /prefixes/1 0 /prefixes/2"},
	    {"a wider prefix over one's own", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['69012'],'replaces':$dairy.record}",
	     0, ""},
	    {"a prefix of three digits", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['690'],'replaces':$dairy.record}",
	     422, "0 /prefixes/0"},
	    {"the neighbour behind one's own", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['6901234'],'replaces':$dairy.record}"
			    "\n" NEW "'roles':[],'keys':[],'prefixes':['69012345']}",
	     409, "1 /prefixes/0"},
	    {"prefixes within a submission", OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':['6977']}\n"
		 "{'type':'Party','id':'urn:x:y','name':{'en':'X'},'roles':[],'keys':[],"
		 "'prefixes':['69771']}",
	     409, "1 /prefixes/0"},
	    {"a grant that another holds", OPERATOR,
	     NEW "'roles':[],'keys':[],'grants':['8385793','00000012345670','8385794']}", 409,
	     "0 /grants/0 0 /grants/1"},
	};
	RUN(rows);
	/* The register names the dairy's own longer prefix first; the farm's stands behind it. */
	enrol(OPERATOR, FARM,
	      PARTY("farm") "'roles':['producer'],'region':'130102','prefixes':['6901239'],"
			    "'keys':[$farm.keys],'replaces':$farm.record}");
	static const struct row after[] = {
	    {"a wider prefix over a neighbour's", OPERATOR,
	     PARTY("dairy") "'roles':[],'keys':[],'prefixes':['690123'],'replaces':$dairy.record}",
	     409, "0 /prefixes/0"},
	};
	RUN(after);
}
END_TEST

START_TEST(test_product)
{
	static const struct row rows[] = {
	    {"under its prefix", DAIRY, PRODUCT "'06901234000009'}", 0, ""},
	    {"behind the indicator digit", DAIRY, PRODUCT "'16901234567899'}", 0, ""},
	    {"under another's prefix", FARM, PRODUCT "'06901234000009'}", 403, "0 /code"},
	    {"under nobody's", DAIRY, PRODUCT "'04012345678901'}", 403, "0 /code"},
	    {"the operator names the owner", OPERATOR,
	     PRODUCT "'06901234000009','owner':'$dairy.id'}", 0, ""},
	    {"the operator must name it", OPERATOR, PRODUCT "'06901234000009'}", 403, "0 /owner"},
	    {"others don't", DAIRY, PRODUCT "'06901234000009','owner':'$farm.id'}", 403,
	     "0 /owner"},
	    {"an owner who isn't enrolled", OPERATOR,
	     PRODUCT "'06901234000009','owner':'urn:nobody:x'}", 422, "0 /owner"},
	    {"a GTIN-8 that is granted", PHARMACY, PRODUCT "'12345670'}", 0, ""},
	    {"a GTIN-8 that isn't", DAIRY, PRODUCT "'12345670'}", 403, "0 /code"},
	    {"a drug code that is granted", PHARMACY,
	     PRODUCT "'urn:suyuan:cn:drug-product:8385793'}", 0, ""},
	    {"its own stem by key", FARM, PRODUCT "'urn:suyuan:own:$farm.keyid:x'}", 0, ""},
	    {"its own stem by USCC", DAIRY, PRODUCT "'urn:suyuan:own:91350100M000100Y43:x'}", 0,
	     ""},
	    {"another's stem", DAIRY, PRODUCT "'urn:suyuan:own:$farm.keyid:x'}", 403, "0 /code"},
	    {"it is there", DAIRY, PRODUCT "'06901234567892'}", 409, "0 /code"},
	    {"twice in one", DAIRY,
	     PRODUCT "'06901234000009'}\n{'type':'Product','name':{'en':'Y'},'category':'food',"
		     "'code':'6901234000009'}",
	     409, "1 /code"},
	    {"a category that is none", DAIRY,
	     "{'type':'Product','name':{'en':'X'},'category':'toys','code':'06901234000009'}", 422,
	     "0 /category"},
	    {"a lot is no product", DAIRY, PRODUCT "'(01)06901234567892(10)A1'}", 422, "0 /code"},
	    {"a wrong check digit", DAIRY, PRODUCT "'06901234567893'}", 422, "0 /code"},
	    {"prefix, product and batch in one", OPERATOR,
	     NEW "'roles':['producer'],'keys':[$stranger.keys],'prefixes':['4012345']}\n" PRODUCT
		 "'04012345678901','owner':'$stranger.id'}",
	     0, ""},
	};
	RUN(rows);
}
END_TEST

#define PLACE_ID "https://id.gs1.org/414/6901234000016"
#define PLACE "{'type':'Place','id':'" PLACE_ID "','name':{'zh':'一号车间'},'party':"

START_TEST(test_place)
{
	static const struct row rows[] = {
	    {"its own", DAIRY, PLACE "'$dairy.id','region':'130102'}", 0, ""},
	    {"another's", FARM, PLACE "'$dairy.id'}", 403, "0 /party"},
	    {"by a regulator", REGULATOR, PLACE "'$dairy.id'}", 0, ""},
	    {"of nobody", OPERATOR, PLACE "'urn:nobody:x'}", 422, "0 /party"},
	    {"a party's number", DAIRY,
	     "{'type':'Place','id':'$dairy.id','name':{'en':'X'},'party':'$dairy.id'}", 422,
	     "0 /id"},
	    {"nothing to replace", DAIRY, PLACE "'$dairy.id','replaces':3}", 409, "0 /replaces"},
	};
	RUN(rows);
	say(DAIRY, PLACE "'$dairy.id'}");
	static const struct row after[] = {
	    {"it is there", DAIRY, PLACE "'$dairy.id','x':1}", 409, "0 /id"},
	    {"taken over", FARM, PLACE "'$farm.id','replaces':3}", 403, "0 /replaces 0 /id"},
	    {"a contact of one's own", DAIRY,
	     "{'type':'Contact','id':'urn:c:1','party':'$dairy.id'}", 0, ""},
	    {"a contact of another", OPERATOR,
	     "{'type':'Contact','id':'urn:c:1','party':'$dairy.id'}", 403, "0 /party"},
	};
	RUN(after);
}
END_TEST

#define RULES "{'type':'Rules','kind':'profile','name':'profile/food','category':'food','fields':"

START_TEST(test_rules)
{
	static const struct row rows[] = {
	    {"not by a producer", DAIRY, RULES "{'lot':'M'}}", 403, "0 /type 0 /name"},
	    {"it is there", REGULATOR, RULES "{'lot':'M'}}", 409, "0 /name"},
	    {"fields and weights", REGULATOR, RULES "{'colour':'M','lot':'X'},'replaces':3}", 422,
	     "0 /fields/colour 0 /fields/lot"},
	    {"another's name", REGULATOR,
	     "{'type':'Rules','kind':'profile','name':'x','category':'food','fields':{}}", 422,
	     "0 /name"},
	    {"limits", OPERATOR,
	     "{'type':'Rules','kind':'limits','name':'limits','limits':{'futureHours':9999,'x':1}}",
	     409, "0 /limits/futureHours 0 /limits/x 0 /name"},
	    {"another kind", OPERATOR, "{'type':'Rules','kind':'x','name':'x'}", 422, "0 /kind"},
	};
	RUN(rows);
}
END_TEST

#define MILK "https://id.gs1.org/01/06901234567892"
#define AT "'eventTime':'2020-05-01T08:00:00+08:00','eventTimeZoneOffset':'+08:00'"
#define ADD(id, lot, quantity, ilmd)                                                             \
	"{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:" id    \
	"'," AT ",'quantityList':[{'epcClass':'" MILK "/10/" lot "'" quantity "}],'ilmd':{" ilmd \
	"},"                                                                                     \
	"'suyuan:inspection':{'number':'R1','result':'pass'}}"
#define KG ",'quantity':100,'uom':'KGM'"
#define DATES "'suyuan:productionDate':'2020-05-01','cbvmda:itemExpirationDate':'2020-06-01'"
#define WARN(n)                                                                   \
	"*" n " /quantityList/0=ingredients *" n " /quantityList/0=allergens *" n \
	" /quantityList/0=storage *" n " /ilmd/suyuan:origin=origin"

START_TEST(test_profile)
{
	static const struct row rows[] = {
	    {"whole", DAIRY, ADD("1", "A1", KG, DATES), 0, WARN("0")},
	    {"missing", DAIRY, ADD("1", "A1", "", ""), 422,
	     "0 /quantityList/0/quantity=quantity 0 /quantityList/0/uom=unit "
	     "0 /ilmd/suyuan:productionDate=made 0 /ilmd/cbvmda:itemExpirationDate=expires " WARN(
		 "0")},
	    {"what the product should have is said once", DAIRY,
	     ADD("1", "A1", KG, DATES) "\n" ADD("2", "A2", KG, DATES), 0,
	     WARN("0") " *1 /ilmd/suyuan:origin=origin"},
	    {"a lot that is told already", DAIRY,
	     ADD("1", "A1", KG, DATES) "\n" ADD(
		 "2", "A1", KG, "") "\n{'type':'ObjectEvent','action':'ADD','eventID':'urn:e:3'," AT
				    ",'epcList':['" MILK "/10/A1/21/7']}",
	     0, WARN("0")},
	    {"best before will do", DAIRY,
	     ADD("1", "A1", KG,
		 "'suyuan:productionDate':'2020-05-01','cbvmda:bestBeforeDate':'2020-06-01'"),
	     0, WARN("0")},
	    {"nothing is commissioned", DAIRY, ADD("1", "A1", ",'quantity':0,'uom':'KGM'", DATES),
	     422, "0 /quantityList/0/quantity " WARN("0")},
	    {"form and profile at once", DAIRY,
	     ADD("1", "A1", KG, "'suyuan:productionDate':'yesterday'"), 400,
	     "0 /ilmd/suyuan:productionDate 0 /ilmd/cbvmda:itemExpirationDate=expires " WARN("0")},
	};
	RUN(rows);
}
END_TEST

#define TOMATO(ilmd)                                                                      \
	"{'type':'ObjectEvent','action':'ADD'," AT                                        \
	",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1'" KG "}]," \
	"'ilmd':{" ilmd "}}"
#define DRUG                                                                               \
	"{'type':'Product','code':'06901234000009','name':{'zh':'药'},'category':'drug'," \
	"'specification':'x','holder':'$dairy.id','licences':[{'kind':'GYZZ','number':'H1'}]}"
#define PILLS(list)                                                          \
	"{'type':'ObjectEvent','action':'ADD'," AT "," list "'ilmd':{" DATES \
	",'suyuan:packRatio':'1:5'},"                                        \
	"'suyuan:inspection':{'number':'R1','result':'pass'}}"
#define PILL "https://id.gs1.org/01/06901234000009"

START_TEST(test_categories)
{
	static const struct row rows[] = {
	    {"agri, whole", FARM,
	     TOMATO("'cbvmda:harvestEndDate':'2020-05-01','suyuan:origin':'130102',"
		    "'suyuan:pledge':{'number':'1','basis':'control'},'suyuan:inputs':[]"),
	     0, "*0 /suyuan:inspection=inspection"},
	    {"agri, in full names", FARM,
	     TOMATO("'urn:epcglobal:cbv:mda:harvestEndDate':'2020-05-01',"
		    "'urn:epcglobal:cbv:mda:countryOfOrigin':'CN','suyuan:inputs':[],"
		    "'https://suyuan.dev/ns/pledge':{'number':'1','basis':'control'}"),
	     0, "*0 /suyuan:inspection=inspection"},
	    {"agri, missing", FARM, TOMATO("'suyuan:pledge':{'number':'1','basis':'hope'}"), 422,
	     "0 /ilmd/cbvmda:harvestEndDate=harvested 0 /ilmd/suyuan:origin=origin "
	     "0 /ilmd/suyuan:pledge=pledge 0 /ilmd/suyuan:inputs=inputs "
	     "*0 /suyuan:inspection=inspection"},
	    {"drug, a lot without serials", DAIRY,
	     DRUG "\n" PILLS("'quantityList':[{'epcClass':'" PILL "/10/A','quantity':2}],"), 422,
	     "1 /epcList=serial *1 /quantityList/0=standard *1 /quantityList/0=storage "
	     "*1 /ilmd/suyuan:origin=origin"},
	    {"drug, a lot and its units", DAIRY,
	     DRUG "\n" PILLS("'quantityList':[{'epcClass':'" PILL "/10/A','quantity':2}],"
			     "'epcList':['" PILL "/10/A/21/1','" PILL "/10/A/21/2'],"),
	     0, "*1 /epcList/0=standard *1 /epcList/0=storage *1 /ilmd/suyuan:origin=origin"},
	    {"drug, units of no lot", DAIRY, DRUG "\n" PILLS("'epcList':['" PILL "/21/1'],"), 422,
	     "1 /epcList/0=lot *1 /epcList/0=standard *1 /epcList/0=storage "
	     "*1 /ilmd/suyuan:origin=origin"},
	};
	RUN(rows);
}
END_TEST

START_TEST(test_authority_over_products)
{
	static const struct row rows[] = {
	    {"a counterfeit batch", FARM, ADD("1", "A1", KG, DATES), 403,
	     "0 /quantityList/0/epcClass"},
	    {"not by an operator", OPERATOR, ADD("1", "A1", KG, DATES), 403,
	     "0 /quantityList/0 0 /quantityList/0/epcClass"},
	    {"not registered", DAIRY,
	     "{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning'," AT
	     ",'quantityList':[{'epcClass':'https://id.gs1.org/01/06901234000009/10/A'" KG "}]}",
	     422, "0 /quantityList/0/epcClass"},
	    {"watching another's", FARM,
	     "{'type':'ObjectEvent','action':'OBSERVE','bizStep':'shipping','eventID':'urn:e:1'," AT
	     ",'quantityList':[{'epcClass':'" MILK "/10/A1'" KG "}]}",
	     0, ""},
	    {"inputs may be anybody's, outputs not", FARM,
	     "{'type':'TransformationEvent'," AT ",'inputQuantityList':[{'epcClass':'" MILK
	     "/10/A1'" KG "}],'outputQuantityList':[{'epcClass':'" MILK "/10/A2'" KG "}]}",
	     403, "0 /outputQuantityList/0/epcClass"},
	    {"in the future", DAIRY,
	     "{'type':'ObjectEvent','action':'OBSERVE','eventTime':'2920-05-01T08:00:00Z',"
	     "'eventTimeZoneOffset':'+00:00','epcList':['" MILK "/21/1']}",
	     422, "0 /eventTime"},
	};
	RUN(rows);
}
END_TEST

#define UNIT(id, serial)                                                                      \
	"{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:" id \
	"'," AT ",'epcList':['urn:suyuan:own:$farm.keyid:box:serial:" serial "']}"
#define BOX                                                                \
	"{'type':'Product','name':{'en':'box'},'category':'other','code':" \
	"'urn:suyuan:own:$farm.keyid:box'}"
#define LOT(id, lot, ilmd)                                                                    \
	"{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:" id \
	"'," AT ",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:box:lot:" lot "',"  \
	"'quantity':5}],'ilmd':{" ilmd "}}"

START_TEST(test_contradictions)
{
	say(FARM, BOX);
	say(FARM, UNIT("u1", "1") "\n" LOT("l1", "L", "'a':'1','b':{'x':1,'y':2}"));
	static const struct row rows[] = {
	    {"the same event again", FARM, UNIT("u1", "1"), 409, "0 /eventID 0 /epcList/0"},
	    {"a serial twice", FARM, UNIT("u2", "1"), 409, "0 /epcList/0"},
	    {"a serial twice in one", FARM, UNIT("u2", "2") "\n" UNIT("u3", "2"), 409,
	     "1 /epcList/0"},
	    {"an event twice in one", FARM, UNIT("u2", "2") "\n" UNIT("u2", "3"), 409,
	     "1 /eventID"},
	    {"a lot again", FARM, LOT("l2", "L", "'a':'1','b':{'x':1,'y':2}"), 0, ""},
	    {"a lot again, spelled otherwise", FARM,
	     LOT("l2", "L", "'b':{'y':2.0,'x':1},'a':'\\u0031','c':true"), 0, ""},
	    {"a lot again otherwise", FARM, LOT("l2", "L", "'a':'2','b':{'x':1,'y':3}"), 409,
	     "0 /ilmd/a 0 /ilmd/b"},
	    {"a lot again with less in it", FARM, LOT("l2", "L", "'b':{'x':1},'c':[1]"), 409,
	     "0 /ilmd/b"},
	    {"lists by their order and length", FARM,
	     LOT("l2", "M", "'a':[1,2]") "\n" LOT("l3", "M", "'a':[1]") "\n" LOT(
		 "l4", "M", "'a':[2,1]") "\n" LOT("l5", "M", "'a':[1,2.0]"),
	     409, "1 /ilmd/a 2 /ilmd/a"},
	    {"a lot otherwise in one", FARM,
	     LOT("l2", "M", "'a':'1'") "\n" LOT("l3", "M", "'a':'2'"), 409, "1 /ilmd/a"},
	    {"an error in what is known", FARM,
	     "{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:u1'"
	     "," AT ",'epcList':['urn:suyuan:own:$farm.keyid:box:serial:1'],"
	     "'errorDeclaration':{'declarationTime':'2020-05-02T08:00:00Z'}}",
	     0, ""},
	    {"an error in what isn't", FARM,
	     "{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:u9'"
	     "," AT ",'epcList':['urn:suyuan:own:$farm.keyid:box:serial:1'],"
	     "'errorDeclaration':{'declarationTime':'2020-05-02T08:00:00Z'}}",
	     422, "0 /eventID"},
	    {"a private class may be made twice", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:x:y','quantity':1}]}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:x:y','quantity':2}]}",
	     0, ""},
	    {"a private thing may not", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'epcList':['urn:x:y']}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'epcList':['urn:x:y'],'x':1}",
	     409, "1 /epcList/0"},
	    {"another party's event id", DAIRY,
	     "{'type':'ObjectEvent','action':'OBSERVE','eventID':'urn:e:u1'," AT
	     ",'epcList':['urn:suyuan:own:$farm.keyid:box:serial:1']}",
	     0, ""},
	};
	RUN(rows);
}
END_TEST

static const char *erasure(uint64_t record, const char *leaf, const char *ground)
{
	return sy_arena_printf(&w.arena,
			       "{'type':'Erasure','record':%llu,'leaf':'%s','ground':'%s',"
			       "'orderedBy':'x'}",
			       (unsigned long long)record, leaf, ground);
}

START_TEST(test_erasure)
{
	uint64_t record =
	    say(DAIRY, "{'type':'Contact','id':'urn:c:1','party':'$dairy.id','name':'张三'}");
	struct ledger_read r;
	struct ledger_record stored;
	char leaf[SY_BASE64_LEN(SY_HASH_SIZE) + 1];
	ck_assert_int_eq(ledger_read_begin(w.ledger, &r), SY_OK);
	ck_assert_int_eq(ledger_record(&r, &w.arena, record, &stored), SY_OK);
	ledger_read_end(&r);
	sy_base64(stored.leaf.b, sizeof(stored.leaf.b), leaf);
	struct {
		const char *name;
		enum who who;
		uint64_t record;
		const char *leaf;
		int status;
		const char *faults;
	} rows[] = {
	    {"by the operator", OPERATOR, record, leaf, 0, ""},
	    {"by a producer", DAIRY, record, leaf, 403, "0 /type"},
	    {"another leaf", REGULATOR, record, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 422,
	     "0 /leaf"},
	    {"no such record", OPERATOR, 999999, leaf, 422, "0 /record"},
	    {"the genesis", OPERATOR, 0, leaf, 422, "0 /record"},
	    {"a party", OPERATOR, actors[DAIRY].record, leaf, 422, "0 /record"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row row = {rows[i].name, rows[i].who,
				  erasure(rows[i].record, rows[i].leaf, "PIPL 47"), rows[i].status,
				  rows[i].faults};
		run_rows(&row, 1);
	}
	say(OPERATOR, erasure(record, leaf, "PIPL 47"));
	struct row again = {"again", OPERATOR, erasure(record, leaf, "x"), 409, "0 /record"};
	run_rows(&again, 1);
}
END_TEST

/* --- the judge ------------------------------------------------------------------------------- */

static struct ledger_job job_of(const struct sy_submission *s, struct admit_verdict *v)
{
	return (struct ledger_job){.sub = s, .verdict = v};
}

START_TEST(test_duplicate)
{
	const char *text = PRODUCT "'06901234000009'}";
	struct sy_submission *s = submission(DAIRY, text, soon());
	struct admit_verdict *v = check(s), *w2 = check(s);
	struct ledger_job a = job_of(s, v), b = job_of(s, w2);
	uint64_t now = sy_time_now(), next = w.entry + 1;
	ck_assert_int_eq(admit_judge(w.admit, &a, next, now), LEDGER_APPEND);
	ck_assert_int_eq(admit_judge(w.admit, &b, next + 1, now), LEDGER_DUPLICATE);
	ck_assert_uint_eq(b.entry, next);
	admit_settle(w.admit, &a, false);
	ck_assert_int_eq(admit_judge(w.admit, &b, next, now), LEDGER_APPEND);
	admit_settle(w.admit, &b, false);
	say(DAIRY, text);
	v = check(submission(DAIRY, text, soon()));
	ck_assert(v->duplicate);
	ck_assert_int_eq(v->status, 0);
	ck_assert_uint_eq(v->entry, w.entry);
	/* The ledger has it: even with a deadline that has passed. */
	v = check(submission(DAIRY, text, 1000000000));
	ck_assert(v->duplicate);
}
END_TEST

START_TEST(test_race)
{
	static const struct {
		const char *name;
		enum who first, second;
		const char *before, *after;
		enum ledger_verdict said;
	} rows[] = {
	    {"nothing in common", DAIRY, FARM, PRODUCT "'06901234000009'}",
	     PRODUCT "'urn:suyuan:own:$farm.keyid:x'}", LEDGER_APPEND},
	    {"the same product", DAIRY, DAIRY, PRODUCT "'06901234000009'}",
	     PRODUCT "'06901234000009','x':1}", LEDGER_AGAIN},
	    {"a product and its batch", DAIRY, DAIRY,
	     "{'type':'Product','code':'06901234567892','name':{'zh':'牛奶'},'category':'food',"
	     "'replaces':11}",
	     ADD("1", "A1", KG, DATES), LEDGER_AGAIN},
	    {"two batches of one product", DAIRY, DAIRY, ADD("1", "A1", KG, DATES),
	     ADD("2", "A2", KG, DATES), LEDGER_APPEND},
	    {"one lot", DAIRY, DAIRY, ADD("1", "A1", KG, DATES), ADD("2", "A1", KG, DATES),
	     LEDGER_AGAIN},
	    {"one event", DAIRY, DAIRY, ADD("1", "A1", KG, DATES), ADD("1", "A2", KG, DATES),
	     LEDGER_AGAIN},
	    {"the author's keys", DAIRY, DAIRY,
	     PARTY("dairy") "'roles':['producer'],'region':'130100','uscc':'91350100M000100Y43',"
			    "'prefixes':['6901234'],'keys':[],'replaces':$dairy.record}",
	     PRODUCT "'06901234000009'}", LEDGER_AGAIN},
	    {"a key that nobody knew is enrolled", OPERATOR, STRANGER,
	     NEW "'roles':['producer'],'keys':[$stranger.keys]}",
	     PRODUCT "'urn:suyuan:own:$stranger.keyid:x'}", LEDGER_AGAIN},
	    {"a refusal that stands", OPERATOR, STRANGER,
	     PARTY("expired") "'roles':[],'keys':[],"
			      "'replaces':$expired.record}",
	     PRODUCT "'urn:suyuan:own:$stranger.keyid:x'}", LEDGER_REFUSE},
	    {"prefixes that overlap", OPERATOR, OPERATOR,
	     NEW "'roles':[],'keys':[],'prefixes':"
		 "['4012']}",
	     PARTY(
		 "expired") "'roles':[],'keys':[],'prefixes':['40123'],'replaces':$expired.record}",
	     LEDGER_AGAIN},
	    {"a prefix that is given up", OPERATOR, DAIRY,
	     PARTY("pharmacy") "'roles':[],'keys':[],'replaces':$pharmacy.record}",
	     PRODUCT "'06905678000007'}", LEDGER_AGAIN},
	    {"rules", OPERATOR, FARM,
	     "{'type':'Rules','kind':'limits','name':'limits','limits':{},'replaces':5}",
	     PRODUCT "'urn:suyuan:own:$farm.keyid:x'}", LEDGER_AGAIN},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sy_submission *s = submission(rows[i].first, rows[i].before, soon());
		struct sy_submission *t = submission(rows[i].second, rows[i].after, soon());
		struct admit_verdict *v = check(s), *u = check(t);
		struct ledger_job a = job_of(s, v), b = job_of(t, u);
		uint64_t next = w.entry + 1, now = sy_time_now();
		must_hold(v, rows[i].before);
		ck_assert_int_eq(admit_judge(w.admit, &a, next, now), LEDGER_APPEND);
		enum ledger_verdict said = admit_judge(w.admit, &b, next + 1, now);
		ck_assert_msg(said == rows[i].said, "%s: %d", rows[i].name, said);
		if (said == LEDGER_AGAIN)
			ck_assert_uint_eq(u->again_at, next + 1);
		if (said == LEDGER_APPEND)
			admit_settle(w.admit, &b, false);
		admit_settle(w.admit, &a, false);
		/* With the first undone nothing was touched. */
		said = admit_judge(w.admit, &b, next, now);
		ck_assert_msg(said == (u->status ? LEDGER_REFUSE : LEDGER_APPEND), "%s: then %d",
			      rows[i].name, said);
		admit_settle(w.admit, &b, false);
	}
	ck_assert_uint_eq(admit_remembered(w.admit), 0);
}
END_TEST

START_TEST(test_stale)
{
	struct sy_submission *s = submission(DAIRY, PRODUCT "'06901234000009'}", soon());
	struct admit_verdict *v = check(s);
	struct ledger_job job = job_of(s, v);
	uint64_t now = sy_time_now(), next = w.entry + 1;
	v->position--; /* the index has gone on, and nothing was forgotten yet */
	ck_assert_int_eq(admit_judge(w.admit, &job, next, now), LEDGER_APPEND);
	admit_settle(w.admit, &job, false);
	v->position++;
	ck_assert_int_eq(admit_judge(w.admit, &job, next, (s->deadline + UINT64_C(1)) * 1000),
			 LEDGER_AGAIN);
	v->position = 0;
	ck_assert_int_eq(admit_judge(w.admit, &job, next, now), LEDGER_AGAIN);
	ck_assert_uint_gt(v->again_at, 0);
}
END_TEST

START_TEST(test_memory)
{
	const char *text = PRODUCT "'06901234000009'}\n" ADD("1", "A1", KG, DATES);
	struct sy_submission *s = submission(DAIRY, text, soon());
	unsigned n = 0;
	bool failed;
	do {
		struct sy_arena arena = {0};
		struct admit_verdict v;
		fail_alloc_at(++n);
		int err = admit_check(w.admit, &arena, s, &v);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg(err == SY_OK || err == SY_ENOMEM, "%u: %s", n, sy_strerror(err));
		ck_assert(failed || err == SY_OK);
		sy_arena_free(&arena);
	} while (failed);
}
END_TEST

/* Workers check while the rules change under them. */
struct worker {
	pthread_t thread;
	const struct sy_submission *sub;
	atomic_bool *stop;
	unsigned turns, wrong;
};

static void *work(void *arg)
{
	struct worker *k = arg;
	struct sy_arena arena = {0};
	while (!atomic_load(k->stop) || k->turns == 0) {
		struct admit_verdict v;
		sy_arena_reset(&arena);
		if (admit_check(w.admit, &arena, k->sub, &v) != SY_OK || v.status != 0)
			k->wrong++;
		k->turns++;
	}
	sy_arena_free(&arena);
	return NULL;
}

START_TEST(test_threads)
{
	enum { WORKERS = 3, CHANGES = 8 };
	struct worker workers[WORKERS] = {0};
	atomic_bool stop = false;
	uint64_t record = 5;
	for (int i = 0; i < WORKERS; i++) {
		workers[i].stop = &stop;
		workers[i].sub = submission(DAIRY, ADD("1", "A1", KG, DATES), soon());
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < CHANGES; i++)
		record =
		    say(OPERATOR, sy_arena_printf(&w.arena,
						  "{'type':'Rules','kind':'limits','name':'limits',"
						  "'limits':{'futureHours':%d},'replaces':%llu}",
						  i, (unsigned long long)record));
	atomic_store(&stop, true);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_uint_eq(workers[i].wrong, 0);
		ck_assert_uint_gt(workers[i].turns, 0);
	}
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test)
{
	TCase *t = tcase_create(name);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test);
	suite_add_tcase(s, t);
}

Suite *suite(void)
{
	Suite *s = suite_create("admit");
	add(s, "form", test_form);
	add(s, "author", test_author);
	add(s, "party", test_party);
	add(s, "product", test_product);
	add(s, "place", test_place);
	add(s, "rules", test_rules);
	add(s, "profile", test_profile);
	add(s, "categories", test_categories);
	add(s, "authority", test_authority_over_products);
	add(s, "contradictions", test_contradictions);
	add(s, "erasure", test_erasure);
	add(s, "duplicate", test_duplicate);
	add(s, "race", test_race);
	add(s, "stale", test_stale);
	add(s, "memory", test_memory);
	add(s, "threads", test_threads);
	return s;
}
