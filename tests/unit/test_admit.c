/* Verdicts: form, author, contradictions, erasure; and how the writer takes them. */
#include "admit_world.h"

START_TEST(test_form)
{
	static const struct row rows[] = {
	    {"no type", DAIRY, "{'x':1}", 400, "0 /type"},
	    {"type is a number", DAIRY, "{'type':1}", 400, "0 /type"},
	    {"unknown type", DAIRY, "{'type':'Recal'}", 422, "0 /type"},
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
	say(FARM, UNIT("u1", "1") "\n" LOT("l1", "L", "'x:a':'1','x:b':{'x':1,'y':2}"));
	static const struct row rows[] = {
	    {"the same event again", FARM, UNIT("u1", "1"), 409, "0 /eventID 0 /epcList/0"},
	    {"a serial twice", FARM, UNIT("u2", "1"), 409, "0 /epcList/0"},
	    {"a serial twice in one", FARM, UNIT("u2", "2") "\n" UNIT("u3", "2"), 409,
	     "1 /epcList/0"},
	    {"an event twice in one", FARM, UNIT("u2", "2") "\n" UNIT("u2", "3"), 409,
	     "1 /eventID"},
	    {"a lot again", FARM, LOT("l2", "L", "'x:a':'1','x:b':{'x':1,'y':2}"), 0, ""},
	    {"a lot again, spelled otherwise", FARM,
	     LOT("l2", "L", "'x:b':{'y':2.0,'x':1},'x:a':'\\u0031','x:c':true"), 0, ""},
	    {"a lot again otherwise", FARM, LOT("l2", "L", "'x:a':'2','x:b':{'x':1,'y':3}"), 409,
	     "0 /ilmd/x:a 0 /ilmd/x:b"},
	    {"a lot again with less in it", FARM, LOT("l2", "L", "'x:b':{'x':1},'x:c':[1]"), 409,
	     "0 /ilmd/x:b"},
	    {"lists by their order and length", FARM,
	     LOT("l2", "M", "'x:a':[1,2]") "\n" LOT("l3", "M", "'x:a':[1]") "\n" LOT(
		 "l4", "M", "'x:a':[2,1]") "\n" LOT("l5", "M", "'x:a':[1,2.0]"),
	     409, "1 /ilmd/x:a 2 /ilmd/x:a"},
	    {"a lot otherwise in one", FARM,
	     LOT("l2", "M", "'x:a':'1'") "\n" LOT("l3", "M", "'x:a':'2'"), 409, "1 /ilmd/x:a"},
	    {"an error in what is known", FARM,
	     "{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:u1'"
	     "," AT ",'epcList':['urn:suyuan:own:$farm.keyid:box:serial:1'],"
	     "'errorDeclaration':{'declarationTime':'2020-05-02T08:00:00Z'}}",
	     0, ""},
	    {"an error in what isn't", FARM,
	     "{'type':'ObjectEvent','action':'ADD','bizStep':'commissioning','eventID':'urn:e:u9'"
	     "," AT ",'epcList':['urn:suyuan:own:$farm.keyid:box:serial:1'],"
	     "'errorDeclaration':{'declarationTime':'2020-05-02T08:00:00Z'}}",
	     0, "*0 /eventID"},
	    {"a private class may be made twice", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:x:y','quantity':1}]}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT
	     ",'quantityList':[{'epcClass':'urn:x:y','quantity':2}]}",
	     0, ""},
	    {"a private thing may not", FARM,
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'epcList':['urn:x:y']}\n"
	     "{'type':'ObjectEvent','action':'ADD'," AT ",'epcList':['urn:x:y'],'x:x':1}",
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
	     "'replaces':$milk.record}",
	     ADD("1", "A1", KG, DATES), LEDGER_AGAIN},
	    {"a transfer and a batch", DAIRY, DAIRY,
	     "{'type':'Product','code':'06901234567892','name':{'zh':'牛奶'},'category':'food',"
	     "'owner':'$farm.id','replaces':$milk.record}",
	     ADD("1", "A1", KG, DATES), LEDGER_AGAIN},
	    {"a delegation and the delegate's batch", DAIRY, FARM,
	     "{'type':'Product','code':'06901234567892','name':{'zh':'牛奶'},'category':'food',"
	     "'delegates':[{'party':'$farm.id'}],'replaces':$milk.record}",
	     ADD("1", "A1", KG, DATES), LEDGER_AGAIN},
	    {"a revocation and a batch", REGULATOR, DAIRY,
	     "{'type':'Product','code':'06901234567892','name':{'zh':'牛奶'},'category':'food',"
	     "'owner':'$dairy.id','reason':'x','revoked':{'reason':'x'},'replaces':$milk.record}",
	     ADD("1", "A1", KG, DATES), LEDGER_AGAIN},
	    {"a code that is granted and its product", OPERATOR, DAIRY,
	     NEW "'roles':[],'keys':[],'grants':['8385794']}",
	     PRODUCT "'urn:suyuan:cn:drug-product:8385794'}", LEDGER_AGAIN},
	    {"the first product of a stem", OPERATOR, FARM,
	     PRODUCT "'urn:suyuan:own:$expired.keyid:x','owner':'$expired.id'}",
	     PRODUCT "'urn:suyuan:own:$expired.keyid:y'}", LEDGER_AGAIN},
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
	     "{'type':'Rules','kind':'limits','name':'limits','limits':{},'replaces':$limits."
	     "record}",
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

/* Records that are judged by profiles, a wrong form among them, with prefixes of their own. */
#define MUCH                                                                                     \
	PRODUCT "'06901234000009'}\n" ADD("1", "A1", KG, DATES) "\n" ADD(                        \
	    "2", "A2", "",                                                                       \
	    "") "\n"                                                                             \
		"{'type':'ObjectEvent','action':'ADD'," AT ",'quantityList':[{'epcClass':'" MILK \
		"/10/A3'}],'ilmd':{'\\u0073:packRatio':'1',"                                     \
		"'s:origin':'990000','\\u0073:inputs':[{'name':'x'}]},'s:inspection':{'result':" \
		"'fail'},'@context':{'s':'https://suyuan.dev/ns/'}}\n"                           \
		"{'type':'ObjectEvent','action':'OBSERVE','bizStep':'installing'," AT            \
		",'epcList':['" MILK "/21/1'],'bizLocation':{'id':'urn:dairy:works'}}"

START_TEST(test_memory)
{
	struct sy_submission *s = submission(DAIRY, MUCH, soon());
	unsigned n = 0;
	bool failed;
	do {
		struct sy_arena arena = {0};
		struct admit_verdict v;
		fail_alloc_at(++n);
		int err = admit_check(w.admit, &arena, s, ADMIT_EN, &v);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg(err == SY_OK || err == SY_ENOMEM, "%u: %s", n, sy_strerror(err));
		ck_assert(failed || err == SY_OK);
		ck_assert(err != SY_OK || v.status == 422);
		sy_arena_free(&arena);
	} while (failed);
}
END_TEST

/* However little memory there is for judging, it's an error, and nothing is kept. */
START_TEST(test_budget)
{
	struct sy_submission *s = submission(DAIRY, MUCH, soon());
	int err = SY_ENOMEM;
	unsigned refused = 0;
	for (size_t most = 1000; err == SY_ENOMEM; most += 1000) {
		struct sy_budget budget = {.most = most};
		struct sy_arena arena = {.budget = &budget};
		struct admit_verdict v;
		err = admit_check(w.admit, &arena, s, ADMIT_EN, &v);
		refused += err == SY_ENOMEM;
		ck_assert_uint_le(budget.used, most);
		sy_arena_free(&arena);
		ck_assert_uint_eq(budget.used, 0);
	}
	ck_assert_int_eq(err, SY_OK);
	ck_assert_uint_gt(refused, 3);
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
		if (admit_check(w.admit, &arena, k->sub, ADMIT_EN, &v) != SY_OK || v.status != 0)
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
	for (int i = 0; i < WORKERS; i++) {
		workers[i].stop = &stop;
		workers[i].sub = submission(DAIRY, ADD("1", "A1", KG, DATES), soon());
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < CHANGES; i++)
		say(OPERATOR, sy_arena_printf(&w.arena,
					      "{'type':'Rules','kind':'limits','name':'limits',"
					      "'limits':{'futureHours':%d},"
					      "'replaces':$limits.record}",
					      i));
	atomic_store(&stop, true);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_uint_eq(workers[i].wrong, 0);
		ck_assert_uint_gt(workers[i].turns, 0);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("admit");
	add(s, "form", test_form);
	add(s, "author", test_author);
	add(s, "contradictions", test_contradictions);
	add(s, "erasure", test_erasure);
	add(s, "duplicate", test_duplicate);
	add(s, "race", test_race);
	add(s, "stale", test_stale);
	add(s, "memory", test_memory);
	add(s, "budget", test_budget);
	add(s, "threads", test_threads);
	return s;
}
