#include "index_lab.h"

/*
 * The graph: transformations, lots and units, containers, visits; the same whatever order the
 * records come in, after withdrawals and after erasures.
 */

#define CHANGE "{\"type\":\"TransformationEvent\"," EVENT
#define SHARED ",\"transformationID\":\"urn:t:1\""
#define IN(code) ",\"inputQuantityList\":[{\"epcClass\":\"" code "\"" KG("1") "}]"
#define OUT(code) ",\"outputQuantityList\":[{\"epcClass\":\"" code "\"" KG("1") "}]"
#define AT(time) "\"eventTime\":\"2026-11-24T" time ":00Z\",\"eventTimeZoneOffset\":\"+00:00\""
#define PACK(time, action, more)                                           \
	"{\"type\":\"AggregationEvent\"," AT(time) ",\"action\":\"" action \
						   "\",\"parentID\":\"" SSCC "\"" more "}"
#define CHILDREN(code) ",\"childQuantityList\":[{\"epcClass\":\"" code "\"" KG("5") "}]"
#define CHILD(code) ",\"childEPCs\":[\"" code "\"]"

static uint64_t id_of(const char *code)
{
	uint64_t id;

	ck_assert_msg(index_item_id(&rd, sy_str(code), &id) == SY_OK, "%s", code);
	return id;
}

enum { ITEM, NODE };

static const char *one(int what, uint64_t v)
{
	static char out[64];

	snprintf(out, sizeof out, "%s%lu%s ", what == NODE ? "[" : "", (unsigned long)v,
		 what == NODE ? "]" : "");
	return out;
}

/* What is reached from ID, as "id id"; nodes as their record in brackets. */
static const char *edges(enum index_direction d, uint64_t id)
{
	static struct sy_buf b;
	struct sy_str ids;

	sy_buf_reset(&b);
	for (bool first = true; index_edges(&rd, d, id, first, &ids) == SY_OK; first = false)
		for (size_t at = 0; at < ids.n; at += 8) {
			uint64_t to = sy_get64((const uint8_t *)ids.p + at);
			sy_buf_text(&b, one(to & NODE_BIT ? NODE : ITEM, to & ~NODE_BIT));
		}
	return sy_buf_cstr(&b);
}

START_TEST(a_transformation_is_a_node)
{
	uint64_t t = add(CHANGE IN(LOT("1")) OUT(LOT("2")) "}");

	look();
	ck_assert_str_eq(edges(INDEX_FORWARD, id_of(LOT("1"))), one(NODE, t));
	ck_assert_str_eq(edges(INDEX_FORWARD, NODE_BIT | t), one(ITEM, id_of(LOT("2"))));
	ck_assert_str_eq(edges(INDEX_BACK, id_of(LOT("2"))), one(NODE, t));
	ck_assert_str_eq(edges(INDEX_BACK, NODE_BIT | t), one(ITEM, id_of(LOT("1"))));
	ck_assert_str_eq(edges(INDEX_BACK, id_of(LOT("1"))), "");
	unlook();
}
END_TEST

START_TEST(events_share_a_transformation)
{
	uint64_t t = add(CHANGE SHARED OUT(LOT("2")) "}"); /* the output comes first */
	add(CHANGE SHARED IN(LOT("1")) "}");
	log_add(l, keys[2], "%s", CHANGE SHARED IN(LOT("3")) "}"); /* somebody else's */

	look();
	ck_assert_str_eq(edges(INDEX_FORWARD, id_of(LOT("1"))), one(NODE, t));
	ck_assert_str_eq(edges(INDEX_BACK, NODE_BIT | t), one(ITEM, id_of(LOT("1"))));
	ck_assert_str_ne(edges(INDEX_FORWARD, id_of(LOT("3"))), one(NODE, t));
	unlook();
	ck_fsck();
}
END_TEST

/* Each of the records of a shared transformation knows which one that is. */
START_TEST(facts_know_their_transformation)
{
	struct item_event e;
	uint64_t node = NODE_BIT | add(CHANGE SHARED OUT(LOT("2")) "}");
	uint64_t alone = NODE_BIT | add(CHANGE IN(LOT("1")) OUT(LOT("2")) "}");
	bool yes;

	add(CHANGE SHARED IN(LOT("1")) "}");
	look();
	const uint64_t nodes[] = {alone, node}, from[] = {0, (alone & ~NODE_BIT) + 1};
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(index_history_next(&rd, id_of(LOT("1")), from[i], &e), SY_OK);
		ck_assert_int_eq(e.facts[0].step, STEP_CONSUME);
		ck_assert_uint_eq(e.facts[0].other, NO_ID);
		for (int k = 0; k < 2; k++) {
			ck_assert_int_eq(
			    index_fact_node(&rd, e.record, &e.facts[0], nodes[k], &yes), SY_OK);
			ck_assert_int_eq(yes, i == k);
		}
	}
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(a_withdrawn_transformation_reaches_nothing)
{
	uint64_t t = add(CHANGE ID("1") IN(LOT("1")) OUT(LOT("2")) "}");

	add(CHANGE ID("1") ERROR IN(LOT("1")) OUT(LOT("2")) "}");
	look();
	ck_assert_str_eq(edges(INDEX_FORWARD, id_of(LOT("1"))), "");
	ck_assert_str_eq(edges(INDEX_BACK, NODE_BIT | t), "");
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(a_withdrawn_part_leaves_the_rest)
{
	uint64_t t = add(CHANGE SHARED ID("1") IN(LOT("1")) "}");

	add(CHANGE SHARED ID("2") IN(LOT("3")) OUT(LOT("2")) "}");
	add(CHANGE SHARED ID("1") ERROR IN(LOT("1")) "}");
	look();
	ck_assert_str_eq(edges(INDEX_FORWARD, id_of(LOT("1"))), "");
	ck_assert_str_eq(edges(INDEX_BACK, NODE_BIT | t), one(ITEM, id_of(LOT("3"))));
	unlook();
	ck_fsck();
}
END_TEST

/* The node is its first record's; when that is erased it is another's. */
START_TEST(an_erased_part_leaves_the_rest)
{
	uint64_t t = add(CHANGE SHARED IN(LOT("1")) "}");
	uint64_t second = add(CHANGE SHARED IN(LOT("3")) OUT(LOT("2")) "}");

	if (_i) {
		look();
		unlook();
	}
	erase(t, _i == 2 ? ",\"remains\":" CHANGE SHARED IN(LOT("1")) "}" : "");
	look();
	if (_i == 2)
		ck_assert_str_eq(edges(INDEX_FORWARD, id_of(LOT("1"))), one(NODE, t));
	ck_assert_str_eq(edges(INDEX_BACK, id_of(LOT("2"))), one(NODE, _i == 2 ? t : second));
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(a_lot_reaches_its_units)
{
	add(OBJECT("ADD") EPC("https://id.gs1.org/01/06901234567892/10/1/21/s") "}");
	look();
	ck_assert_str_eq(edges(INDEX_FORWARD, id_of(LOT("1"))), one(ITEM, id_of(UNIT("s"))));
	unlook();
	ck_fsck();
}
END_TEST

/* --- containers ------------------------------------------------------------------------------ */

static const char *contents(const char *code)
{
	static struct sy_buf b;
	struct content c = {0};

	sy_buf_reset(&b);
	while (index_contents_next(&rd, id_of(code), &c) == SY_OK) {
		sy_buf_text(&b, c.added ? "+" : "-");
		if (c.child == NO_ID)
			sy_buf_text(&b, "all ");
		else
			sy_buf_printf(&b, "%lu ", (unsigned long)c.child);
	}
	return sy_buf_cstr(&b);
}

START_TEST(contents_are_in_order_of_time)
{
	add(PACK("09:00", "DELETE", ""));
	add(PACK("08:00", "ADD", CHILD(UNIT("a"))));
	add(PACK("08:30", "DELETE", CHILD(UNIT("a"))));
	add(PACK("08:10", "OBSERVE", CHILD(UNIT("b"))));
	look();
	uint64_t a = id_of(UNIT("a"));
	char want[64];
	snprintf(want, sizeof want, "+%lu -%lu -all ", (unsigned long)a, (unsigned long)a);
	ck_assert_str_eq(contents(SSCC), want);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(a_withdrawn_packing_is_none)
{
	add(PACK("08:00", "ADD", ID("1") CHILD(UNIT("a"))));
	add(PACK("08:00", "ADD", ID("1") ERROR CHILD(UNIT("a"))));
	look();
	ck_assert_str_eq(contents(SSCC), "");
	unlook();
	ck_fsck();
}
END_TEST

/* --- facts ----------------------------------------------------------------------------------- */

#define DO(step, more) \
	OBJECT("OBSERVE") ",\"bizStep\":\"" step "\"" QUANTITY(LOT("1"), KG("5")) more "}"
#define PARTY(list, member, who) \
	",\"" list "\":[{\"type\":\"possessing_party\",\"" member "\":\"urn:party:" who "\"}]"
#define TO(who) PARTY("destinationList", "destination", who)
#define FROM(who) PARTY("sourceList", "source", who)

static const struct {
	const char *event;
	enum item_step step;
	const char *party, *other;
} steps[] = {
    {DO("shipping", TO("b")), STEP_SHIP, "urn:party:a", "urn:party:b"},
    {DO("shipping", FROM("c") TO("b")), STEP_SHIP, "urn:party:c", "urn:party:b"},
    {DO("void_shipping", TO("b")), STEP_UNSHIP, "urn:party:a", "urn:party:b"},
    {DO("receiving", FROM("b")), STEP_RECEIVE, "urn:party:a", "urn:party:b"},
    {DO("receiving", FROM("b") TO("c")), STEP_RECEIVE, "urn:party:c", "urn:party:b"},
    {DO("retail_selling", ""), STEP_SELL, "urn:party:a", NULL},
    {DO("installing", ""), STEP_INSTALL, "urn:party:a", NULL},
    {DO("holding", FROM("b")), STEP_HOLD, "urn:party:a", NULL},
    {DO("holding", ",\"disposition\":\"active\""), STEP_RELEASE, "urn:party:a", NULL},
    {DO("storing", ",\"persistentDisposition\":{\"unset\":[\"non_sellable_other\"]}"), STEP_RELEASE,
     "urn:party:a", NULL},
    {DO("inspecting", ""), STEP_INSPECT, "urn:party:a", NULL},
    {DO("storing", ""), STEP_OBSERVE, "urn:party:a", NULL},
    {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}", STEP_CREATE, "urn:party:a", NULL},
    {OBJECT("DELETE") ",\"bizStep\":\"destroying\"" QUANTITY(LOT("1"), KG("5")) "}", STEP_DESTROY,
     "urn:party:a", NULL},
    {OBJECT("DELETE") ",\"bizStep\":\"retail_selling\"" QUANTITY(LOT("1"), KG("5")) "}", STEP_SELL,
     "urn:party:a", NULL},
    {PACK("08:00", "OBSERVE", ",\"bizStep\":\"shipping\"" TO("b") CHILDREN(LOT("1"))), STEP_SHIP,
     "urn:party:a", "urn:party:b"},
    {CHANGE IN(LOT("1")) OUT(LOT("2")) "}", STEP_CONSUME, "urn:party:a", NULL},
    {CHANGE IN(LOT("2")) OUT(LOT("1")) "}", STEP_PRODUCE, "urn:party:a", NULL},
};

static void ck_actor(uint64_t id, const char *want)
{
	struct sy_str name;

	if (want == NULL) {
		ck_assert_uint_eq(id, NO_ID);
		return;
	}
	ck_assert_int_eq(index_actor_name(&rd, id, &name), SY_OK);
	ck_assert_msg(sy_str_is(name, want), "%.*s", (int)name.n, name.p);
}

START_TEST(steps_and_parties)
{
	struct item_event e;
	uint64_t record = add(steps[_i].event), actor, item = 0, at = 0;

	look();
	uint64_t lot = id_of(LOT("1"));
	ck_assert_int_eq(index_history_next(&rd, lot, 0, &e), SY_OK);
	ck_assert_uint_eq(e.n_facts, 1);
	ck_assert_int_eq(e.facts[0].step, steps[_i].step);
	ck_actor(e.facts[0].party, steps[_i].party);
	ck_actor(e.facts[0].other, steps[_i].other);
	ck_assert(e.facts[0].has_quantity);
	ck_assert_int_eq(index_actor_id(&rd, sy_str("urn:party:a"), &actor), SY_OK);
	ck_assert_int_eq(index_visits_next(&rd, actor, &at, &item), SY_OK);
	ck_assert_uint_eq(at, record);
	ck_assert_uint_le(item, lot);
	unlook();
}
END_TEST

/* An aggregation that is taken apart without naming what was in it. */
START_TEST(an_emptied_container)
{
	struct item_event e;

	add(PACK("08:00", "DELETE", ""));
	look();
	ck_assert_int_eq(index_history_next(&rd, id_of(SSCC), 0, &e), SY_OK);
	ck_assert_int_eq(e.facts[0].step, STEP_EMPTY);
	ck_assert_uint_eq(e.facts[0].other, NO_ID);
	unlook();
	ck_fsck();
}
END_TEST

/* Units are counted for their lot, and the lot stands for them where they were. */
START_TEST(units_count_for_their_lot)
{
	struct item_event e;
	uint64_t actor, item = 0, record = 0;

	add(OBJECT("ADD") ",\"readPoint\":{\"id\":\"urn:gate\"},\"epcList\":["
			  "\"https://id.gs1.org/01/06901234567892/10/1/21/a\","
			  "\"https://id.gs1.org/01/06901234567892/10/1/21/b\","
			  "\"https://id.gs1.org/01/06901234567892/10/1/21/c\"]}");
	look();
	ck_assert_int_eq(index_history_next(&rd, id_of(LOT("1")), 0, &e), SY_OK);
	ck_assert_uint_eq(e.n_facts, 1);
	ck_assert_uint_eq(e.facts[0].role, FACT_MEMBER);
	ck_assert_int_eq(e.facts[0].quantity.coef, 3);
	ck_assert_int_eq(index_actor_id(&rd, sy_str("urn:gate"), &actor), SY_OK);
	ck_assert_int_eq(index_visits_next(&rd, actor, &record, &item), SY_OK);
	ck_assert_uint_eq(item, id_of(LOT("1")));
	item++;
	ck_assert_int_eq(index_visits_next(&rd, actor, &record, &item), SY_ENOTFOUND);
	unlook();
}
END_TEST

START_TEST(an_erased_event_takes_its_actors_along)
{
	uint64_t actor, r = add(DO("shipping", TO("nobody")));

	look();
	ck_assert_int_eq(index_actor_id(&rd, sy_str("urn:party:nobody"), &actor), SY_OK);
	unlook();
	erase(r, "");
	look();
	ck_assert_int_eq(index_actor_id(&rd, sy_str("urn:party:nobody"), &actor), SY_ENOTFOUND);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(more_facts_than_there_is_room_for)
{
	struct sy_buf b = {0};
	struct item_event e;

	sy_buf_text(&b, OBJECT("ADD") ",\"quantityList\":[");
	for (int i = 0; i < 20; i++)
		sy_buf_printf(&b,
			      "%s{\"epcClass\":\"" LOT("1") "\",\"quantity\":1,\"uom\":\"A%c\"}",
			      i ? "," : "", 'A' + i);
	sy_buf_text(&b, "]}");
	add(sy_buf_cstr(&b));
	sy_buf_free(&b);
	look();
	ck_assert_int_eq(index_history_next(&rd, id_of(LOT("1")), 0, &e), SY_OK);
	ck_assert_uint_eq(e.n_facts, 8);
	ck_assert(!e.facts[7].has_quantity);
	unlook();
	ck_fsck();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("graph");
	TCase *edge = tcase_create("edges"), *box = tcase_create("contents"),
	      *fact = tcase_create("facts");

	tcase_add_checked_fixture(edge, setup, teardown);
	tcase_add_test(edge, a_transformation_is_a_node);
	tcase_add_test(edge, events_share_a_transformation);
	tcase_add_test(edge, facts_know_their_transformation);
	tcase_add_test(edge, a_withdrawn_transformation_reaches_nothing);
	tcase_add_test(edge, a_withdrawn_part_leaves_the_rest);
	tcase_add_loop_test(edge, an_erased_part_leaves_the_rest, 0, 3);
	tcase_add_test(edge, a_lot_reaches_its_units);
	suite_add_tcase(s, edge);
	tcase_add_checked_fixture(box, setup, teardown);
	tcase_add_test(box, contents_are_in_order_of_time);
	tcase_add_test(box, a_withdrawn_packing_is_none);
	suite_add_tcase(s, box);
	tcase_add_checked_fixture(fact, setup, teardown);
	tcase_add_loop_test(fact, steps_and_parties, 0, (int)(sizeof steps / sizeof *steps));
	tcase_add_test(fact, an_emptied_container);
	tcase_add_test(fact, units_count_for_their_lot);
	tcase_add_test(fact, an_erased_event_takes_its_actors_along);
	tcase_add_test(fact, more_facts_than_there_is_room_for);
	suite_add_tcase(s, fact);
	return s;
}
