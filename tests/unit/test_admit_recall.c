/* The life of a recall: who may say what, from which state, and what it rests on. */
#include "admit_world.h"

#define RECALL(id, state, level, scope, more)                                       \
	"{'type':'Recall','id':'urn:r:" id "','rule':'recall/food','level':'" level \
	"','state':'" state "','scope':{" scope "},'reason':'r','measures':'m'" more "}"
#define LOT_A1 "'items':['" MILK "/10/A1']"
#define OPEN RECALL("1", "open", "2", LOT_A1, "")
#define NOTICE(parties) "{'type':'RecallNotice','recall':'urn:r:1','parties':[" parties "]}"
#define NOW "'time':'2020-05-02T08:00:00+08:00'"
#define ANSWER(more)                                                                     \
	"{'type':'RecallAnswer','recall':'urn:r:1'," NOW ",'quantities':[{'code':'" MILK \
	"/10/A1','uom':'KGM','found':10,'stopped':9.5}]" more "}"
#define REPORT(more) "{'type':'RecallReport','recall':'urn:r:1'," NOW ",'quantities':[]" more "}"

static const char *replaces(char *out, size_t n, uint64_t record)
{
	snprintf(out, n, ",'replaces':%llu", (unsigned long long)record);
	return out;
}

START_TEST(test_rules)
{
	static const struct row rows[] = {
	    {"a recall's rules", OPERATOR,
	     "{'type':'Rules','name':'recall/toys','kind':'recall','levels':{'1':'I'},"
	     "'deadlines':{'start.1':'3 days after known','report':'every 2 months'}}",
	     0, ""},
	    {"without deadlines", OPERATOR, "{'type':'Rules','name':'recall/toys','kind':'recall'}",
	     400, "0 /deadlines"},
	    {"of another name", OPERATOR,
	     "{'type':'Rules','name':'toys','kind':'recall','deadlines':{}}", 422, "0 /name"},
	    {"a step, a level and a text that are none", OPERATOR,
	     "{'type':'Rules','name':'recall/toys','kind':'recall','levels':{'1':'I'},"
	     "'deadlines':{'begin':'3 days after known','start.2':'3 days after known',"
	     "'start.1':'soon','startle':'every 3 days'}}",
	     422,
	     "0 /deadlines/begin 0 /deadlines/start.2 0 /deadlines/start.1 0 /deadlines/startle"},
	    {"holidays", OPERATOR,
	     "{'type':'Rules','name':'holidays','kind':'holidays','from':'2026','to':'2027',"
	     "'holidays':{'2027-01-01':1},'workdays':{}}",
	     409, "0 /name"},
	    {"holidays that are none", OPERATOR,
	     "{'type':'Rules','name':'days','kind':'holidays','from':2026,"
	     "'holidays':{'soon':1,'2027-01-01':0},'workdays':{'2027-01-02':'x'}}",
	     422,
	     "0 /name 0 /from 0 /to 0 /holidays/soon 0 /holidays/2027-01-01 "
	     "0 /workdays/2027-01-02"},
	    {"by a producer", DAIRY,
	     "{'type':'Rules','name':'recall/toys','kind':'recall','deadlines':{}}", 403,
	     "0 /type"},
	};
	RUN(rows);
}
END_TEST

START_TEST(test_form)
{
	static const struct row rows[] = {
	    {"a lot of its own", DAIRY, OPEN, 0, "*0 /scope/items/0"},
	    {"nothing is there", DAIRY, "{'type':'Recall'}", 400,
	     "0 /id 0 /rule 0 /state 0 /scope 0 /reason 0 /measures"},
	    {"members of the wrong form", DAIRY,
	     "{'type':'Recall','id':'urn:r:1','rule':'recall/food','state':'open','reason':'r',"
	     "'measures':'m','mock':'yes','known':'2020-05-01','scope':{'items':'x'}}",
	     400, "0 /scope/items 0 /mock 0 /known"},
	    {"rules that are none", DAIRY,
	     "{'type':'Recall','id':'urn:r:1','rule':'profile/food','level':'1','state':'open',"
	     "'scope':{" LOT_A1 "},'reason':'r','measures':'m'}",
	     422, "0 /rule *0 /scope/items/0"},
	    {"a level that is none", DAIRY, RECALL("1", "open", "4", LOT_A1, ""), 422,
	     "0 /level *0 /scope/items/0"},
	    {"without a level where there are none", REGULATOR,
	     "{'type':'Recall','id':'urn:r:1','rule':'recall/industrial','state':'open',"
	     "'scope':{'items':['urn:x:lot:1']},'reason':'r','measures':'m'}",
	     0, "*0 /scope/items/0"},
	    {"a state that is none", DAIRY, RECALL("1", "begun", "1", LOT_A1, ""), 422,
	     "*0 /scope/items/0 0 /state"},
	    {"it begins at its end", DAIRY, RECALL("1", "closed", "1", LOT_A1, ""), 409,
	     "*0 /scope/items/0 0 /state"},
	    {"a scope of nothing", DAIRY, RECALL("1", "open", "1", "'items':[]", ""), 422,
	     "0 /scope"},
	    {"bounds without what they bound", DAIRY,
	     RECALL("1", "open", "1", LOT_A1 ",'madeFrom':'2020-01-01','to':'2020-01-01'", ""), 422,
	     "0 /scope/product 0 /scope/place *0 /scope/items/0"},
	    {"a product among the items", DAIRY,
	     RECALL("1", "open", "1", "'items':['" MILK "','nothing']", ""), 400,
	     "0 /scope/items/0 0 /scope/items/1"},
	    {"a lot as the product", DAIRY,
	     RECALL("1", "open", "1", "'product':'" MILK "/10/A1'", ""), 422, "0 /scope/product"},
	    {"an end before the beginning", DAIRY,
	     RECALL("1", "open", "1",
		    "'product':'06901234567892','madeFrom':'2020-01-02','madeTo':'2020-01-01'", ""),
	     422, "0 /scope/madeTo"},
	    {"a day's window", DAIRY,
	     RECALL("1", "open", "1", "'place':'$dairy.id','from':'2020-01-02','to':'2020-01-02'",
		    ""),
	     0, ""},
	};
	RUN(rows);
}
END_TEST

START_TEST(test_who)
{
	static const struct row rows[] = {
	    {"its regulator", REGULATOR, RECALL("1", "open", "1", LOT_A1, ",'party':'$dairy.id'"),
	     0, "*0 /scope/items/0"},
	    {"another's regulator", SOUTH, OPEN, 403, "*0 /scope/items/0 0 /scope/items/0"},
	    {"another's regulator in its name", SOUTH,
	     RECALL("1", "open", "1", LOT_A1, ",'party':'$dairy.id'"), 403,
	     "*0 /scope/items/0 0 /scope/items/0 0 /party"},
	    {"the operator", OPERATOR, OPEN, 0, "*0 /scope/items/0"},
	    {"another producer", FARM, OPEN, 403, "*0 /scope/items/0 0 /scope/items/0"},
	    {"a seller", PHARMACY, RECALL("1", "open", "1", "'items':['(01)12345670(10)A']", ""),
	     403, "*0 /scope/items/0 0 /scope/items/0"},
	    {"for another", FARM,
	     RECALL("1", "open", "1", "'items':['urn:suyuan:own:$farm.keyid:tomato:lot:1']",
		    ",'party':'$dairy.id'"),
	     403, "*0 /scope/items/0 0 /party"},
	    {"for nobody", OPERATOR, RECALL("1", "open", "1", LOT_A1, ",'party':'urn:no:body'"),
	     422, "*0 /scope/items/0 0 /party"},
	    {"another's product", FARM, RECALL("1", "open", "1", "'product':'" MILK "'", ""), 403,
	     "0 /scope/product"},
	    {"another's place", FARM, RECALL("1", "open", "1", "'place':'$dairy.id'", ""), 403,
	     "0 /scope/place"},
	    {"what is nobody's", REGULATOR, RECALL("1", "open", "1", "'items':['urn:x:1']", ""), 0,
	     "*0 /scope/items/0"},
	    {"a key that nobody knows", STRANGER, OPEN, 401, "-1 /author *0 /scope/items/0"},
	};
	RUN(rows);
}
END_TEST

START_TEST(test_growth)
{
	char text[4096], r[64];
	uint64_t first = say(DAIRY, OPEN);
	replaces(r, sizeof(r), first);
	const struct {
		const char *name;
		enum who who;
		const char *state, *level, *scope, *more;
		int status;
		const char *faults;
	} rows[] = {
	    {"again", DAIRY, "open", "2", LOT_A1, "", 0, ""},
	    {"graver", DAIRY, "open", "1", LOT_A1, "", 0, ""},
	    {"milder", DAIRY, "open", "3", LOT_A1, "", 409, "0 /level"},
	    {"wider", DAIRY, "open", "2", "'items':['" MILK "/10/A2','(01)06901234567892(10)A1']",
	     "", 0, "*0 /scope/items/0"},
	    {"narrower", DAIRY, "open", "2", "'items':['" MILK "/10/A2']", "", 409,
	     "*0 /scope/items/0 0 /scope/items"},
	    {"an exercise now", DAIRY, "open", "2", LOT_A1, ",'mock':true", 409, "0 /mock"},
	    {"a draft again", DAIRY, "draft", "2", LOT_A1, "", 409, "0 /state"},
	    {"closed unreported", DAIRY, "closed", "2", LOT_A1, "", 409, "0 /state"},
	    {"revoked by itself", DAIRY, "revoked", "2", LOT_A1, "", 403, "0 /state"},
	    {"revoked", REGULATOR, "revoked", "2", LOT_A1, ",'party':'$dairy.id'", 0, ""},
	    {"another's now", REGULATOR, "open", "2", LOT_A1, "", 409, "0 /party"},
	    {"by another", FARM, "open", "2", LOT_A1, "", 403, ""},
	};
	say(DAIRY, ADD("1", "A1", KG, DATES));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
			 "{'type':'Recall','id':'urn:r:1','rule':'recall/food','level':'%s',"
			 "'state':'%s','scope':{%s},'reason':'r','measures':'m'%s%s}",
			 rows[i].level, rows[i].state, rows[i].scope, rows[i].more, r);
		struct row row = {rows[i].name, rows[i].who, text, rows[i].status, rows[i].faults};
		if (rows[i].who != FARM)
			run_rows(&row, 1);
		else
			ck_assert_int_eq(check(submission(FARM, text, soon()))->status, 403);
	}
	struct row stale = {"a stale one", DAIRY, RECALL("1", "open", "2", LOT_A1, ",'x':1"), 409,
			    "0 /id"};
	run_rows(&stale, 1);
}
END_TEST

#define WINDOW(from, to) "'place':'$dairy.id','from':'" from "','to':'" to "'"

#define BOUND                                                     \
	"{'type':'Recall','id':'urn:b:%zu','rule':'recall/food'," \
	"'level':'1','state':'open','scope':{%s},'reason':'r',"   \
	"'measures':'m'%s}"

START_TEST(test_bounds)
{
	static const struct {
		const char *before, *after;
		bool wider;
	} rows[] = {
	    {"'product':'" MILK "','madeFrom':'2020-01-02','madeTo':'2020-01-05'",
	     "'product':'06901234567892','madeFrom':'2020-01-02','madeTo':'2020-01-05'", true},
	    {"'product':'" MILK "','madeFrom':'2020-01-02','madeTo':'2020-01-05'",
	     "'product':'" MILK "','madeFrom':'2020-01-03','madeTo':'2020-01-05'", false},
	    {"'product':'" MILK "','madeFrom':'2020-01-02','madeTo':'2020-01-05'",
	     "'product':'" MILK "','madeFrom':'2020-01-01'", true},
	    {"'product':'" MILK "'", "'product':'" MILK "','madeTo':'2020-01-05'", false},
	    {"'product':'" MILK "'", LOT_A1, false},
	    {WINDOW("2020-01-02", "2020-01-05"), WINDOW("2020-01-02", "2020-01-05T23:00:00+08:00"),
	     false},
	    {WINDOW("2020-01-02", "2020-01-05"), WINDOW("2020-01-01T23:00:00+08:00", "2020-01-06"),
	     true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[2048], r[64];
		snprintf(text, sizeof(text), BOUND, i, rows[i].before, "");
		replaces(r, sizeof(r), say(DAIRY, text));
		snprintf(text, sizeof(text), BOUND, i, rows[i].after, r);
		struct admit_verdict *v = check(submission(DAIRY, text, soon()));
		ck_assert_msg(v->status == (rows[i].wider ? 0 : 409), "%zu: %d %s", i, v->status,
			      faults_text(v));
	}
}
END_TEST

START_TEST(test_life)
{
	static const struct row before[] = {
	    {"a notice of nothing", DAIRY, NOTICE("'$farm.id'"), 422, "0 /recall"},
	    {"an answer to nothing", FARM, ANSWER(""), 422, "0 /recall"},
	    {"a report of nothing", DAIRY, REPORT(""), 422, "0 /recall"},
	    {"all at once", DAIRY,
	     OPEN
	     "\n" NOTICE("'$dairy.id','$farm.id'") "\n" ANSWER("") "\n" REPORT(",'final':true"),
	     0, "*0 /scope/items/0 *2 /quantities/0/code"},
	    {"told twice at once", DAIRY, OPEN "\n" NOTICE("'$farm.id'") "\n" NOTICE("'$farm.id'"),
	     409, "*0 /scope/items/0 2 /parties"},
	};
	RUN(before);
	uint64_t first = say(DAIRY, OPEN);
	static const struct row opened[] = {
	    {"by another", FARM, NOTICE("'$farm.id'"), 403, "0 /recall"},
	    {"by its regulator", REGULATOR, NOTICE("'$farm.id'"), 0, ""},
	    {"somebody unknown", DAIRY, NOTICE("'urn:x:y'"), 0, "*0 /parties/0"},
	    {"nobody", DAIRY, NOTICE(""), 409, "0 /parties"},
	    {"an answer without a notice", FARM, ANSWER(""), 403, "0 /recall"},
	};
	RUN(opened);
	say(DAIRY, NOTICE("'$farm.id'"));
	static const struct row told[] = {
	    {"told again", DAIRY, NOTICE("'$farm.id','$farm.id'"), 409, "0 /parties"},
	    {"one more", DAIRY, NOTICE("'$farm.id','$pharmacy.id'"), 0, ""},
	    {"an answer", FARM, ANSWER(""), 0, "*0 /quantities/0/code"},
	    {"for another", FARM, ANSWER(",'party':'$dairy.id'"), 403, "0 /party"},
	    {"less than nothing", FARM,
	     "{'type':'RecallAnswer','recall':'urn:r:1'," NOW ",'quantities':[{'found':-1}]}", 422,
	     "0 /quantities/0/found"},
	    {"a code that is none", FARM,
	     "{'type':'RecallAnswer','recall':'urn:r:1'," NOW
	     ",'quantities':[{'code':'x y','found':1}]}",
	     400, "0 /quantities/0/code"},
	};
	RUN(told);
	say(FARM, ANSWER(""));
	say(DAIRY, REPORT(""));
	static const struct row answered[] = {
	    {"again", FARM, ANSWER(",'text':'x'"), 409, "*0 /quantities/0/code 0 /recall"},
	    {"a report again", DAIRY, REPORT(",'text':'x'"), 409, "0 /recall"},
	    {"a report by another", FARM, REPORT(",'text':'x'"), 403, "0 /recall"},
	};
	RUN(answered);
	char text[1024], r[64];
	snprintf(text, sizeof(text), RECALL("1", "open", "1", LOT_A1, "%s"),
		 replaces(r, sizeof(r), first));
	uint64_t second = say(DAIRY, text);
	static const struct row raised[] = {
	    {"told of the new version", DAIRY, NOTICE("'$farm.id'"), 0, ""},
	};
	RUN(raised);
	snprintf(text, sizeof(text), RECALL("1", "closed", "1", LOT_A1, "%s"),
		 replaces(r, sizeof(r), second));
	uint64_t last = say(DAIRY, text);
	static const struct row closed[] = {
	    {"a notice after the end", DAIRY, NOTICE("'$pharmacy.id'"), 409, "0 /recall"},
	    {"an answer after the end", FARM, ANSWER(",'replaces':1"), 409, "0 /recall"},
	};
	RUN(closed);
	snprintf(text, sizeof(text), RECALL("1", "open", "1", LOT_A1, "%s"),
		 replaces(r, sizeof(r), last));
	struct row again = {"opened again", DAIRY, text, 409, "*0 /scope/items/0 0 /state"};
	run_rows(&again, 1);
}
END_TEST

/* What an authority ordered, an authority closes. */
START_TEST(test_ordered)
{
	char text[1024], r[64];
	uint64_t first = say(REGULATOR, RECALL("1", "open", "2", LOT_A1, ",'party':'$dairy.id'"));
	say(DAIRY, NOTICE("'$dairy.id'") "\n" REPORT(""));
	snprintf(text, sizeof(text), RECALL("1", "closed", "2", LOT_A1, ",'party':'$dairy.id'%s"),
		 replaces(r, sizeof(r), first));
	struct row rows[] = {
	    {"by the firm", DAIRY, text, 403, "*0 /scope/items/0 0 /state"},
	    {"by another's regulator", SOUTH, text, 403,
	     "*0 /scope/items/0 0 /scope/items/0 0 /party"},
	    {"by its regulator", REGULATOR, text, 0, "*0 /scope/items/0"},
	};
	run_rows(rows, 3);
}
END_TEST

START_TEST(test_never_erased)
{
	uint64_t n = say(DAIRY, OPEN "\n" NOTICE("'$dairy.id'") "\n" ANSWER("") "\n" REPORT(""));
	for (uint64_t i = n; i < n + 4; i++) {
		char text[256];
		snprintf(text, sizeof(text),
			 "{'type':'Erasure','record':%llu,'leaf':'"
			 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=','ground':'g',"
			 "'orderedBy':'o'}",
			 (unsigned long long)i);
		struct row row = {"erased", OPERATOR, text, 422, "0 /record"};
		run_rows(&row, 1);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("admit_recall");
	add(s, "rules", test_rules);
	add(s, "form", test_form);
	add(s, "who", test_who);
	add(s, "growth", test_growth);
	add(s, "bounds", test_bounds);
	add(s, "life", test_life);
	add(s, "ordered", test_ordered);
	add(s, "erasure", test_never_erased);
	return s;
}
