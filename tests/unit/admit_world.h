/*
 * Admission against a real ledger and index in a folder of its own; what its tests share.
 *
 * Records are written with ' for ", and with $who.id, $who.keys (a list with the proof of
 * possession), $who.keyid and $who.record (the number of its Party record) filled in;
 * $milk.record, $limits.record and $food.record are those of what is in force.
 */
#ifndef TESTS_ADMIT_WORLD_H
#define TESTS_ADMIT_WORLD_H

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

enum who {
	OPERATOR,
	REGULATOR,
	DAIRY,
	FARM,
	PHARMACY,
	STRANGER,
	SECOND,
	EXPIRED,
	LAB,
	SOUTH, /* a regulator of another province */
	ACTORS
};

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
    [LAB] = {.name = "lab", .id = "urn:suyuan:own:lab:party"},
    [SOUTH] = {.name = "south", .id = "urn:suyuan:own:guangdong:regulator"},
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

static inline struct actor *actor_of(struct sy_str name)
{
	for (int i = 0; i < ACTORS; i++)
		if (sy_str_is(name, actors[i].name))
			return &actors[i];
	ck_abort_msg("no actor %.*s", (int)name.n, name.p);
	return NULL;
}

static inline void put_keys(struct sy_buf *b, const struct actor *a)
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

#define MILK "https://id.gs1.org/01/06901234567892"

/* The number of the record in force of a row of the register; false for no such name. */
static inline bool put_record(struct sy_buf *b, struct sy_str name)
{
	static const struct {
		const char *name, *id;
		enum register_kind kind;
	} rows[] = {{"milk", MILK, REG_PRODUCT},
		    {"limits", "limits", REG_RULES},
		    {"agri", "profile/agri", REG_RULES},
		    {"food", "profile/food", REG_RULES}};
	struct register_row row;
	struct index_read r;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!sy_str_is(name, rows[i].name))
			continue;
		ck_assert_int_eq(index_read_begin(w.index, &r), SY_OK);
		ck_assert_int_eq(register_get(&r, rows[i].kind, sy_str(rows[i].id), &row), SY_OK);
		sy_buf_u64(b, row.record);
		index_read_end(&r);
		return true;
	}
	return false;
}

static inline void put_attribute(struct sy_buf *b, const struct actor *a, struct sy_str attribute)
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

static inline size_t word(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyz");
}

static inline struct sy_str fill(const char *text)
{
	struct sy_buf b = {0};
	for (const char *p = text; *p; p++) {
		if (*p == '\'') {
			sy_buf_byte(&b, '"');
		} else if (*p == '$') {
			size_t n = word(p + 1), m = word(p + n + 2);
			if (!put_record(&b, (struct sy_str){p + 1, n}))
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

static inline enum ledger_verdict judge(void *ctx, struct ledger_job *job, uint64_t entry,
					uint64_t time)
{
	(void)ctx;
	return admit_judge(w.admit, job, entry, time);
}

static inline void settle(void *ctx, struct ledger_job *job, bool published)
{
	(void)ctx;
	admit_settle(w.admit, job, published);
}

/* The lines of TEXTS as a submission by WHO, through parse and check. */
static inline struct sy_submission *submission(enum who who, const char *texts, uint32_t deadline)
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

static inline uint32_t soon(void)
{
	return (uint32_t)(sy_time_now() / 1000) + 600;
}

static inline struct admit_verdict *check_in(enum admit_lang lang, const struct sy_submission *s)
{
	struct admit_verdict *v = sy_arena_calloc(&w.arena, 1, sizeof(*v));
	ck_assert_int_eq(admit_check(w.admit, &w.arena, s, lang, v), SY_OK);
	return v;
}

static inline struct admit_verdict *check(const struct sy_submission *s)
{
	return check_in(ADMIT_EN, s);
}

static inline void must_hold(const struct admit_verdict *v, const char *texts)
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

static inline void turn_done(struct ledger_job *job)
{
	struct turn *t = (struct turn *)job;
	pthread_mutex_lock(&t->lock);
	t->done = true;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

/* Writes what must be accepted, and lets the index follow; the number of its first record. */
static inline uint64_t say(enum who who, const char *texts)
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

static inline void enrol(enum who author, enum who who, const char *text)
{
	actors[who].record = say(author, text);
}

static inline void populate(void)
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
	      "'region':'130102','subjectCode':'130102001','keys':[$farm.keys]}");
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
	enrol(REGULATOR, LAB,
	      "{'type':'Party','id':'$lab.id','name':{'zh':'检测中心'},'roles':['laboratory'],"
	      "'region':'130102','keys':[$lab.keys]}");
	enrol(OPERATOR, SOUTH,
	      "{'type':'Party','id':'$south.id','name':{'zh':'广东'},'roles':['regulator'],"
	      "'region':'440000','keys':[$south.keys]}");
	say(DAIRY,
	    "{'type':'Place','id':'urn:dairy:works','name':{'zh':'工厂'},'party':'$dairy.id',"
	    "'region':'130102','address':'中山路 1 号','phone':'0311-1'}");
}

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void setup(void)
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

static inline void teardown(void)
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

static inline const char *faults_text(const struct admit_verdict *v)
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

/* Judged in Chinese the same is refused for the same. */
static inline void same_in_chinese(const struct sy_submission *sub, const struct admit_verdict *v,
				   const char *name)
{
	struct admit_verdict *zh = check_in(ADMIT_ZH, sub);
	ck_assert_msg(zh->status == v->status && strcmp(faults_text(zh), faults_text(v)) == 0,
		      "%s: in Chinese %d [%s]", name, zh->status, faults_text(zh));
	for (size_t i = 0; i < zh->faults.n; i++)
		ck_assert_msg(
		    sy_utf8_valid(zh->faults.v[i].detail, strlen(zh->faults.v[i].detail), NULL),
		    "%s", name);
}

static inline void run_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sy_submission *s = submission(rows[i].who, rows[i].records, soon());
		struct admit_verdict *v = check(s);
		const char *got = faults_text(v);
		same_in_chinese(s, v, rows[i].name);
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

#define AT "'eventTime':'2020-05-01T08:00:00+08:00','eventTimeZoneOffset':'+08:00'"
#define ADD(id, lot, quantity, ilmd)                                                             \
	"{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:" id    \
	"'," AT ",'quantityList':[{'epcClass':'" MILK "/10/" lot "'" quantity "}],'ilmd':{" ilmd \
	"},"                                                                                     \
	"'suyuan:inspection':{'number':'R1','result':'pass'}}"
#define KG ",'quantity':100,'uom':'KGM'"
#define DATES "'suyuan:productionDate':'2020-05-01','cbvmda:itemExpirationDate':'2020-06-01'"

static inline void add(Suite *s, const char *name, const TTest *test)
{
	TCase *t = tcase_create(name);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test);
	suite_add_tcase(s, t);
}

#endif
