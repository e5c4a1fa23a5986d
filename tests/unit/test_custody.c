/* Who has how much, from facts written as a line each. */
#include "run.h"

#include "faults.h"
#include "index/custody.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * A story is deeds, one a record, "; " between them.  A deed is
 *
 *   [TIME/] [ITEM:] WORD PARTY [OTHER] [QUANTITY] [*PLACE] [& another deed of the same record]
 *
 * The item is the one asked about, or a container 1 to 9.  Parties are capitals, - for none; the
 * OTHER of pack and unpack is a container, which is opened as well.  "?" is a quantity that isn't
 * named, "5BX" has a unit, "5#" counts units of the lot.  Time goes on by 10 a record.
 */
enum { ITEMS = 10, EVENTS = 64 };

struct story {
	struct item_event v[ITEMS][EVENTS];
	size_t n[ITEMS];
};

static const struct {
	const char *word;
	enum item_step step;
	bool deletes, packs;
} words[] = {
    {"make", STEP_CREATE, false, false},     {"produce", STEP_PRODUCE, false, false},
    {"ship", STEP_SHIP, false, false},       {"unship", STEP_UNSHIP, false, false},
    {"receive", STEP_RECEIVE, false, false}, {"sell", STEP_SELL, false, false},
    {"install", STEP_INSTALL, false, false}, {"use", STEP_CONSUME, false, false},
    {"destroy", STEP_DESTROY, true, false},  {"pack", STEP_PACK, false, true},
    {"unpack", STEP_UNPACK, false, true},    {"empty", STEP_EMPTY, false, false},
    {"see", STEP_OBSERVE, false, false},     {"hold", STEP_HOLD, false, false},
    {"inspect", STEP_INSPECT, false, false},
};

static uint64_t party_id(char c)
{
	return c == '-' ? NO_ID : (uint64_t)c;
}

/* The event of the record in the item's history, begun when there is none. */
static struct item_event *event_of(struct story *s, unsigned item, uint64_t record)
{
	size_t n = s->n[item];

	if (n > 0 && s->v[item][n - 1].record == record)
		return &s->v[item][n - 1];
	ck_assert_uint_lt(n, EVENTS);
	s->n[item]++;
	s->v[item][n] = (struct item_event){.record = record, .action = SY_ACTION_OBSERVE};
	return &s->v[item][n];
}

static void fact_add(struct item_event *e, const struct item_fact *f)
{
	ck_assert_uint_lt(e->n_facts, 8);
	e->facts[e->n_facts++] = *f;
}

static void read_quantity(const char *text, struct item_fact *f)
{
	size_t n = strspn(text, "0123456789.");

	if (*text == '?')
		return;
	ck_assert_int_eq(sy_decimal_parse((struct sy_str){text, n}, &f->quantity), SY_OK);
	f->has_quantity = true;
	if (text[n] == '#')
		f->role = FACT_MEMBER;
	else
		memcpy(f->unit, text + n, strlen(text + n) < 4 ? strlen(text + n) : 3);
}

static void tell(struct story *s, uint64_t record, int64_t *time, char *deed)
{
	struct item_fact f = {.other = NO_ID, .place = NO_ID, .party = NO_ID};
	unsigned item = 0, w = 0;
	char *save, *word = strtok_r(deed, " ", &save);

	if (strchr(word, '/')) {
		*time = atoi(word);
		word = strtok_r(NULL, " ", &save);
	}
	if (word[strlen(word) - 1] == ':') {
		item = (unsigned)(word[0] - '0');
		word = strtok_r(NULL, " ", &save);
	}
	while (w < sizeof words / sizeof *words && strcmp(words[w].word, word) != 0)
		w++;
	ck_assert_msg(w < sizeof words / sizeof *words, "%s", word);
	f.step = words[w].step;
	f.time = *time;
	for (unsigned i = 0; (word = strtok_r(NULL, " ", &save)) != NULL;) {
		if (*word == '*')
			f.place = party_id(word[1]);
		else if (i++ == 0)
			f.party = party_id(*word);
		else if (i == 2 &&
			 (words[w].packs || (word[1] == '\0' && strchr("-ABCDEFGH", *word))))
			f.other = words[w].packs ? (uint64_t)(*word - '0') : party_id(*word);
		else
			read_quantity(word, &f);
	}
	if (words[w].packs) {
		struct item_fact opened = f;
		opened.role = SY_ROLE_PARENT;
		opened.other = NO_ID;
		fact_add(event_of(s, (unsigned)f.other, record), &opened);
		f.role = f.role == FACT_MEMBER ? FACT_MEMBER : SY_ROLE_CHILD;
	} else if (f.step == STEP_EMPTY) {
		f.role = SY_ROLE_PARENT;
	}
	struct item_event *e = event_of(s, item, record);
	if (words[w].deletes)
		e->action = SY_ACTION_DELETE;
	fact_add(e, &f);
}

static void story_tell(struct story *s, const char *text)
{
	char copy[2048], *save, *same;
	uint64_t record = 0;
	int64_t time = 0;

	ck_assert_uint_lt(strlen(text), sizeof copy);
	memset(s, 0, sizeof *s);
	memcpy(copy, text, strlen(text) + 1);
	for (char *part = strtok_r(copy, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
		record++;
		time += 10;
		for (char *deed = strtok_r(part, "&", &same); deed;
		     deed = strtok_r(NULL, "&", &same))
			tell(s, record, &time, deed);
	}
}

static int story_next(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	const struct story *s = ctx;

	for (size_t i = 0; item < ITEMS && i < s->n[item]; i++)
		if (s->v[item][i].record >= from) {
			*out = s->v[item][i];
			return SY_OK;
		}
	return SY_ENOTFOUND;
}

/* --- what came of it, as text ---------------------------------------------------------------- */

static char name_of(uint64_t id)
{
	return id == NO_ID ? '-' : (char)id;
}

static void say(struct sy_buf *b, const char *what, struct sy_decimal n)
{
	char text[SY_DECIMAL_TEXT];

	if (n.coef == 0)
		return;
	sy_decimal_format(n, text);
	sy_buf_printf(b, " %s%s", what, text);
}

static const char *told(const struct custody *c)
{
	static struct sy_buf b;

	sy_buf_reset(&b);
	for (size_t i = 0; i < c->n_holders; i++) {
		const struct custody_holder *h = &c->holders[i];
		sy_buf_printf(&b, "%s%c", b.n ? ", " : "", name_of(h->party));
		if (h->place != NO_ID)
			sy_buf_printf(&b, "*%c", name_of(h->place));
		if (h->units || h->unit[0])
			sy_buf_printf(&b, "(%s)", h->units ? "#" : h->unit);
		say(&b, "", h->on_hand);
		say(&b, "~", h->in_transit);
		say(&b, "used", h->consumed);
		say(&b, "sold", h->sold);
		say(&b, "gone", h->destroyed);
		if (h->unknown)
			sy_buf_text(&b, " ?");
	}
	for (size_t i = 0; i < c->n_flags; i++)
		sy_buf_printf(&b, " !%s %lu", custody_fault_name(c->flags[i].fault),
			      (unsigned long)c->flags[i].record);
	return b.n ? sy_buf_cstr(&b) : "";
}

static const char *fold(const char *text, enum sy_code_kind kind)
{
	static struct sy_arena arena;
	static struct story story;
	struct custody_source s = {story_next, &story};
	struct custody c;

	sy_arena_reset(&arena);
	story_tell(&story, text);
	ck_assert_int_eq(custody_fold(&s, 0, kind, &arena, &c), SY_OK);
	return told(&c);
}

/* --- lots ------------------------------------------------------------------------------------ */

struct row {
	const char *story, *want;
};

static const struct row lots[] = {
    {"", ""},
    {"make A 100", "A 100"},
    {"make A 100 *w", "A*w 100"},
    {"make A 60; make A 40.5", "A 100.5"},
    {"produce A 100", "A 100"},
    {"make A ?", "A ?"},
    {"make A 100KGM; make A ?", "A(KGM) 100 ?"},
    {"make A 100; see B 100; hold B 100; inspect C 5", "A 100"},
    /* shipping and receiving */
    {"make A 100; ship A B 40", "A 60 ~40"},
    {"make A 100; ship A B 40; receive B A 40", "A 60, B 40"},
    {"make A 100; ship A B 40; receive B A 30", "A 60 ~10, B 30"},
    {"make A 100; ship A B 40; receive B - 40", "A 60, B 40"},
    {"make A 100; ship A - 40; receive B A 40", "A 60, B 40"},
    {"make A 100; ship A - 40; receive B - 40", "A 60, B 40"},
    {"make A 100; ship A C 40; receive B A 40", "A 60, B 40"},
    {"make A 100; ship A B 40; unship A B 40", "A 100"},
    {"make A 100; ship A B 40; unship A B 10; receive B A 30", "A 70, B 30"},
    {"make A 100; unship A B 40", "A 100 !more-than-there 2"},
    {"make A 100; ship A B 100; receive B A 100; ship B A 20; receive A B 20", "A 20, B 80"},
    /* the receipt's source first, then what was sent to it, then what named nobody */
    {"make A 10; make B 10; ship A C 5; ship B C 5; receive C B 5", "A 5 ~5, B 5, C 5"},
    {"make A 10; make B 10; ship A D 5; ship B C 5; receive C - 5", "A 5 ~5, B 5, C 5"},
    {"make A 10; make B 10; ship A - 5; ship B C 5; receive C - 7", "A 5 ~3, B 5, C 7"},
    {"make A 10; make B 10; ship A - 5; ship B C 5; receive C A 7", "A 5, B 5 ~3, C 7"},
    /* ends */
    {"make A 100; sell A 5; use A 10; install A 15; destroy A 20", "A 50 used25 sold5 gone20"},
    {"make A 100; destroy A ?", "A gone100"},
    {"make A ?; destroy A ?", "A ?"},
    {"make A 100 *x; sell A 5", "A*x 95 sold5"},
    {"make A 100 *x; install A 5 *y", "A*x 95, A*y used5"},
    {"make A 10 *x; make A 10 *y; ship A B 15 *y", "A*x 5, A*y ~15"},
    /* what isn't named is unknown */
    {"make A 100; ship A B ?", "A 100 ?"},
    {"make A 100; ship A B ?; receive B A ?", "A 100 ?, B ?"},
    {"make A ?; ship A B 5; receive B A 5", "A ?, B 5"},
    {"make A 100; sell A ?", "A 100 ?"},
    {"make A 100; ship A B 100; receive B A ?", "A ~100 ?, B ?"},
    /* what can't be */
    {"make A 100; ship A B 140", "A ~140 !more-than-there 2"},
    {"make A 100; sell A 140", "A sold140 !more-than-there 2"},
    {"make A 100; receive B A 40", "A 100, B 40 !never-shipped 2"},
    {"make A 100; ship A B 40; receive B A 50", "A 60, B 50 !never-shipped 3"},
    {"make A 100; receive B A ?", "A 100, B ? !never-shipped 2"},
    {"make A 100; ship B C 5", "A 100, B ~5 !more-than-there 2"},
    {"make A 100KGM; ship A B 5BX", "A(BX) ~5 ?, A(KGM) 100 !mixed-units 2"},
    {"make A 100; unpack B 1 5", "A 100, B 5 !never-packed 2"},
    {"make A 100 *v; unpack A 1 5 *w", "A*v 95, A*w 5 !never-packed 2"},
    {"make A 100; unpack A 1 ?", "A 100 ? !never-packed 2"},
    {"make A 100; unpack A 1 5", "A 100 !never-packed 2"},
    /* papers that come late: 1 is later than 2 in time */
    {"20/ ship A B 40; 10/ make A 100; 30/ receive B A 40", "A 60, B 40"},
    {"10/ ship A B 40; 20/ make A 100", "A 60 ~40 !before-creation 1 !before-arrival 1"},
    {"make A 100; 30/ receive B A 40; 40/ ship A B 40", "A 60, B 40 !before-arrival 2"},
    {"make A 100; 30/ receive B - 40; 40/ ship A B 40", "A 60, B 40 !before-arrival 2"},
    {"make A 100; 30/ receive B A 40; 40/ ship A - 40", "A 60, B 40 !before-arrival 2"},
    {"make A 100; 30/ receive B - 40; 40/ ship A - 50", "A 50 ~10, B 40 !before-arrival 2"},
    {"make A 100; destroy A ?; see A 5", "A gone100 !after-destruction 3"},
    {"10/ ship A B 40; 10/ make A 100", "A 60 ~40"},
    {"10/ inspect A 5; 20/ make A 100", "A 100 !before-creation 1"},
    /* containers */
    {"make A 100; pack A 1 40", "A 100"},
    {"make A 100; pack A 1 40; 1: ship A B", "A 60 ~40"},
    {"make A 100; pack A 1 40; 1: ship A B; 1: receive B A *w", "A 60, B*w 40"},
    {"make A 100; pack A 1 40; 1: ship A B; 1: receive B A; unpack B 1 30", "A 60, B 40"},
    {"make A 100; pack A 1 40; 1: ship A B; 1: receive B A; 1: empty B; 1: ship B C", "A 60, B 40"},
    {"make A 100; pack A 1 40; 1: ship A B; 1: receive B A; unpack B 1 30; 1: ship B C",
     "A 60, B 30 ~10"},
    {"make A 100; 1: pack A 2; pack A 1 40; 2: ship A B; 2: receive B A", "A 60, B 40"},
    {"make A 100; pack A 1 40; 1: pack A 2; 2: ship A B; 2: empty B; 2: ship B C", "A 60, B 40"},
    {"make A 100; pack A 1 40; 1: pack A 2; 2: ship A B; 2: receive B A; 1: unpack B 2; "
     "1: ship B C",
     "A 60, B ~40"},
    {"make A 100; pack A 1 40; ship A B 40 & 1: ship A B", "A 60 ~40"},
    {"make A 100; pack A 1 40; ship A B 50 & 1: ship A B", "A 50 ~50"},
    {"make A 100; pack A 1 40; ship A B 40 & 1: ship A B; receive B A 40", "A 60, B 40"},
    {"make A 100; pack A 1 40; 1: ship A B; 1: receive B A; sell B 5", "A 60, B 35 sold5"},
    {"make A 100; pack A 1 40; 1: ship A B; 1: receive B A; 1: sell B", "A 60, B sold40"},
    {"make A 100; pack A 1 40; 1: destroy A", "A 60 gone40"},
    {"make A 100; pack A 1 ?; 1: ship A B; 1: receive B A", "A 100 ?, B ?"},
    {"make A 100; pack A 1 40; unpack A 1 50", "A 100 !never-packed 3"},
    {"make A 100; pack A 1 140", "A 140 !more-than-there 2"},
    {"make A 100; pack A 1 40; destroy A ?", "A gone100"},
    /* the container's paper came late as well */
    {"10/ make A 100; 40/ 1: receive B A; 20/ pack A 1 40; 30/ 1: ship A B", "A 60, B 40"},
    /* a container in itself */
    {"make A 100; 1: pack A 2; 2: pack A 1; pack A 1 40; 1: ship A B", "A 60 ~40"},
    {"make A 100; 1: pack A 1; pack A 1 40", "A 100"},
    /* units of the lot are counted apart */
    {"make A 10#", "A(#) 10"},
    {"make A 10#; make A 5KGM; ship A B 3#; receive B A 3#", "A(KGM) 5, A(#) 7, B(#) 3"},
    {"make A 10#; pack A 1 10#; 1: ship A B; 1: receive B A", "B(#) 10"},
    {"make A 10#; ship A B 12#", "A(#) ~12 !more-than-there 2"},
    {"make A 10#; ship A B 5", "A ~5 ?, A(#) 10 !mixed-units 2"},
};

START_TEST(lots_are_held)
{
	ck_assert_str_eq(fold(lots[_i].story, SY_CODE_LOT), lots[_i].want);
}
END_TEST

/* --- pieces ---------------------------------------------------------------------------------- */

static const struct row pieces[] = {
    {"", ""},
    {"see A", ""},
    {"make A", "A 1"},
    {"make A *x; see A *y", "A*y 1"},
    {"make A *x; see B *y; inspect C *z", "A*x 1"},
    {"make A; ship A B", "A ~1"},
    {"make A; ship A B; receive B A", "B 1"},
    {"make A; ship A B; unship A B", "A 1"},
    {"make A; unship A B", "A 1 !more-than-there 2"},
    {"make A; sell A", "A sold1"},
    {"make A; use A", "A used1"},
    {"make A; install A *x", "A*x used1"},
    {"make A; destroy A", "A gone1"},
    {"make A; destroy A; ship A B", "A ~1 !after-destruction 3 !more-than-there 3"},
    {"make A; sell B", "B sold1 !more-than-there 2"},
    {"make A; receive B A", "B 1 !never-shipped 2"},
    {"make A; 30/ receive B A; 40/ ship A B", "B 1 !before-arrival 2"},
    {"receive B A", "B 1 !never-shipped 1"},
    {"receive B A; make A", "B 1 !before-creation 1 !never-shipped 1"},
    {"ship A B", "A ~1"},
    {"20/ ship A B; 10/ make A", "A ~1"},
    {"make A; pack A 1; 1: ship A B; 1: receive B A", "B 1"},
    {"make A; pack A 1; 1: ship A B; 1: receive B A; unpack B 1; 1: ship B C", "B 1"},
    {"make A; pack A 1; 1: ship A B; 1: receive B A; 1: empty B; 1: ship B C", "B 1"},
    {"make A; pack A 1; 1: pack A 2; 2: ship A B; 2: receive B A", "B 1"},
    {"make A; pack A 1; 1: pack A 2; 2: ship A B; 2: empty B; 2: ship B C", "B 1"},
    {"make A; pack A 1; ship A B & 1: ship A B; 1: receive B A", "B 1"},
    {"make A; pack A 1; 1: ship A B; receive B A; 1: ship A C", "B 1"},
    {"make A; unpack A 1", "A 1 !never-packed 2"},
    {"make A; pack A 1; unpack A 2", "A 1 !never-packed 3"},
    {"pack A 1; 1: pack A 2; 2: pack A 1; 1: ship A B", "A ~1"},
};

START_TEST(pieces_are_somewhere)
{
	ck_assert_str_eq(fold(pieces[_i].story, SY_CODE_UNIT), pieces[_i].want);
}
END_TEST

/* --- the rest -------------------------------------------------------------------------------- */

START_TEST(withdrawn_and_declared_dont_count)
{
	struct sy_arena arena = {0};
	struct story story;
	struct custody_source s = {story_next, &story};
	struct custody c;

	story_tell(&story, "make A 100; ship A B 40; sell A 5");
	story.v[0][1].withdrawn = true;
	story.v[0][2].error = true;
	ck_assert_int_eq(custody_fold(&s, 0, SY_CODE_LOT, &arena, &c), SY_OK);
	ck_assert_str_eq(told(&c), "A 100");
	sy_arena_free(&arena);
}
END_TEST

START_TEST(since_when)
{
	struct sy_arena arena = {0};
	struct story story;
	struct custody_source s = {story_next, &story};
	struct custody c;

	story_tell(&story, "make A 100; pack A 1 40; 1: ship A B; 1: receive B A; see B 5");
	ck_assert_int_eq(custody_fold(&s, 0, SY_CODE_LOT, &arena, &c), SY_OK);
	ck_assert_int_eq(c.holders[0].since, 10);
	ck_assert_int_eq(c.holders[1].since, 40);
	story_tell(&story, "make A 100; ship A B 40; ship A B 60");
	ck_assert_int_eq(custody_fold(&s, 0, SY_CODE_LOT, &arena, &c), SY_OK);
	ck_assert_uint_eq(c.n_shipments, 1);
	ck_assert_uint_eq(c.shipments[0].to, 'B');
	ck_assert_int_eq(c.shipments[0].since, 20);
	ck_assert_int_eq(c.shipments[0].quantity.coef, 100);
	sy_arena_free(&arena);
}
END_TEST

START_TEST(without_memory_nothing_is_said)
{
	static const char text[] =
	    "make A 100; 1: pack A 2; pack A 1 40; 2: ship A B; receive B A 40;"
	    "sell B 5; ship A - ?; receive C A 7; unpack C 1 3";
	struct story story;
	struct custody_source s = {story_next, &story};
	struct custody c;
	int err = SY_ENOMEM;

	story_tell(&story, text);
	for (unsigned n = 1; err == SY_ENOMEM; n++) {
		struct sy_arena arena = {0};
		fail_alloc_at(n);
		err = custody_fold(&s, 0, SY_CODE_LOT, &arena, &c);
		bool failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert(err == SY_OK || (err == SY_ENOMEM && failed));
		sy_arena_free(&arena);
	}
	ck_assert_int_eq(err, SY_OK);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("custody");
	TCase *lot = tcase_create("lots"), *piece = tcase_create("pieces"),
	      *rest = tcase_create("rest");

	tcase_add_loop_test(lot, lots_are_held, 0, (int)(sizeof lots / sizeof *lots));
	suite_add_tcase(s, lot);
	tcase_add_loop_test(piece, pieces_are_somewhere, 0, (int)(sizeof pieces / sizeof *pieces));
	suite_add_tcase(s, piece);
	tcase_add_test(rest, withdrawn_and_declared_dont_count);
	tcase_add_test(rest, since_when);
	tcase_add_test(rest, without_memory_nothing_is_said);
	suite_add_tcase(s, rest);
	return s;
}
