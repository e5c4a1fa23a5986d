/* Turns: who waits for whom, told by signals alone. */
#include "run.h"

#include "base/turns.h"

#include <suyuan/error.h>

#include <pthread.h>
#include <sched.h>
#include <stddef.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct turns *q;

enum at { ASKED, PENDS, WORKS, READS, CUT, DONE };

/* Works until it is let go, then is read until it is let go or cut. */
struct job {
	struct turn turn;
	size_t bytes; /* of the answer */
	size_t wrote;
	enum at at;
	bool worked, read; /* may go on */
	unsigned large;    /* ms that it waits to be so; 0: it isn't */
	bool busy;         /* waited in vain */
};

static void set(struct job *j, enum at at)
{
	pthread_mutex_lock(&mu);
	j->at = at;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mu);
}

static void let(bool *go)
{
	pthread_mutex_lock(&mu);
	*go = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mu);
}

static void wait_for(const struct job *j, enum at at)
{
	pthread_mutex_lock(&mu);
	while (j->at < at)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
}

static void cut(void *ctx)
{
	set(ctx, CUT);
}

static void run(struct turn *t)
{
	struct job *j = (struct job *)((char *)t - offsetof(struct job, turn));

	if (j->large) {
		set(j, PENDS);
		if ((j->busy = turns_large(q, j->large) != SY_OK)) {
			set(j, DONE);
			return;
		}
		ck_assert(turns_is_large(q));
		ck_assert_int_eq(turns_large(q, 0), SY_OK);
	}
	set(j, WORKS);
	pthread_mutex_lock(&mu);
	while (!j->worked)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
	turns_reads(q, j->bytes, cut, j);
	turns_wrote(q, j->wrote);
	pthread_mutex_lock(&mu);
	j->at = j->at < READS ? READS : j->at;
	pthread_cond_broadcast(&changed);
	while (!j->read && j->at < CUT)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
	turns_read(q);
	set(j, DONE);
}

static void begin(struct job *j)
{
	j->turn.run = run;
	turns_add(q, &j->turn);
}

static struct turns_stats now(void)
{
	struct turns_stats s;

	turns_stats(q, &s);
	return s;
}

static void with(struct turns_options o)
{
	ck_assert_int_eq(turns_new(&o, &q), SY_OK);
}

START_TEST(no_more_work_than_there_are_turns)
{
	struct job a = {0}, b = {0}, c = {.worked = true, .read = true};
	with((struct turns_options){2, 4, 100, 60000});
	begin(&a);
	begin(&b);
	wait_for(&a, WORKS);
	wait_for(&b, WORKS);
	begin(&c);
	ck_assert_uint_eq(now().waiting, 1);
	ck_assert_uint_eq(now().working, 2);
	let(&a.worked);
	wait_for(&c, DONE); /* A is read, and B works on */
	ck_assert_uint_eq(now().reading, 1);
	let(&a.read);
	let(&b.worked);
	let(&b.read);
	turns_free(q);
	ck_assert_int_eq(a.at, DONE);
	ck_assert_int_eq(b.at, DONE);
}
END_TEST

START_TEST(readers_hold_no_more_than_there_is)
{
	struct job a = {.bytes = 60, .worked = true}, b = a, c = {.worked = true, .read = true};
	with((struct turns_options){1, 4, 100, 60000});
	begin(&a);
	wait_for(&a, READS);
	ck_assert_uint_eq(now().bytes, 60);
	ck_assert_uint_eq(now().working, 0);
	begin(&b);
	wait_for(&b, READS);
	ck_assert_uint_eq(now().bytes, 60);
	ck_assert_uint_eq(now().working, 1); /* B keeps its turn */
	begin(&c);
	ck_assert_uint_eq(now().waiting, 1);
	let(&a.read); /* and there is room for B */
	wait_for(&c, DONE);
	ck_assert_uint_eq(now().bytes, 60);
	ck_assert_uint_eq(now().cut, 0);
	let(&b.read);
	turns_free(q);
}
END_TEST

START_TEST(no_more_readers_than_may_be)
{
	struct job a = {.worked = true}, b = a, c = {.worked = true, .read = true};
	with((struct turns_options){1, 1, 100, 60000});
	begin(&a);
	wait_for(&a, READS);
	begin(&b);
	wait_for(&b, READS);
	ck_assert_uint_eq(now().working, 1);
	ck_assert_uint_eq(now().reading, 2);
	begin(&c);
	let(&b.read);
	wait_for(&c, DONE);
	ck_assert_int_eq(a.at, READS);
	let(&a.read);
	turns_free(q);
}
END_TEST

START_TEST(the_slowest_is_cut_for_who_waits)
{
	struct job fast = {.worked = true, .wrote = 1000000}, slow = {.worked = true},
		   c = {.worked = true, .read = true};
	with((struct turns_options){1, 1, 100, 50});
	begin(&fast);
	wait_for(&fast, READS);
	begin(&slow);
	wait_for(&slow, READS);
	ck_assert_uint_eq(now().cut, 0); /* nobody waits */
	begin(&c);
	wait_for(&c, DONE);
	ck_assert_int_eq(slow.at, DONE);
	ck_assert_int_eq(fast.at, READS);
	ck_assert_uint_eq(now().cut, 1);
	let(&fast.read);
	turns_free(q);
}
END_TEST

START_TEST(whoever_works_is_not_cut)
{
	struct job reader = {.worked = true}, worker = {0}, c = {.worked = true, .read = true};
	with((struct turns_options){1, 2, 100, 1});
	begin(&reader);
	wait_for(&reader, READS);
	begin(&worker);
	wait_for(&worker, WORKS);
	begin(&c);
	ck_assert_uint_eq(now().waiting, 1);
	let(&worker.worked);
	let(&worker.read);
	wait_for(&c, DONE);
	ck_assert_int_eq(reader.at, READS); /* which kept nobody waiting */
	let(&reader.read);
	turns_free(q);
}
END_TEST

static void wait_for_pending(unsigned n)
{
	while (now().pending < n)
		sched_yield();
}

START_TEST(one_is_large_at_a_time)
{
	struct job a = {.bytes = 1000, .large = 60000}, b = a, c = a,
		   small = {.worked = true, .read = true};
	with((struct turns_options){1, 4, 100, 60000});
	begin(&a);
	wait_for(&a, WORKS);
	begin(&b);
	let(&a.worked);
	wait_for_pending(1);
	wait_for(&a, READS);
	begin(&c);
	wait_for_pending(2);
	begin(&small);
	wait_for(&small, DONE); /* none of them keeps its turn */
	ck_assert_uint_eq(now().bytes, 0);
	ck_assert(now().large);
	let(&a.read);
	wait_for(&b, WORKS);
	ck_assert_int_eq(c.at, PENDS);
	let(&b.worked);
	let(&b.read);
	wait_for(&c, WORKS);
	let(&c.worked);
	let(&c.read);
	turns_free(q);
	ck_assert_int_eq(c.at, DONE);
	ck_assert(!a.busy && !b.busy && !c.busy);
}
END_TEST

START_TEST(an_answer_that_has_room_is_large_no_more)
{
	struct job a = {.bytes = 60, .large = 60000, .worked = true}, b = {.large = 60000};
	with((struct turns_options){1, 4, 100, 60000});
	begin(&a);
	wait_for(&a, READS);
	ck_assert(!now().large);
	ck_assert_uint_eq(now().bytes, 60);
	begin(&b);
	wait_for(&b, WORKS);
	let(&a.read);
	let(&b.worked);
	let(&b.read);
	turns_free(q);
}
END_TEST

START_TEST(the_large_ones_reader_is_cut_for_who_waits)
{
	struct job a = {.bytes = 1000, .large = 60000, .worked = true}, b = {.large = 60000};
	with((struct turns_options){2, 4, 100, 50});
	begin(&a);
	wait_for(&a, READS);
	ck_assert_uint_eq(now().cut, 0);
	begin(&b);
	wait_for(&b, WORKS);
	ck_assert_uint_eq(now().cut, 1);
	ck_assert_int_eq(a.at, DONE);
	let(&b.worked);
	let(&b.read);
	turns_free(q);
}
END_TEST

START_TEST(who_waits_to_be_large_waits_so_long)
{
	struct job a = {.large = 60000}, b = {.large = 1}, c = {.large = 60000};
	with((struct turns_options){2, 4, 100, 60000});
	begin(&a);
	wait_for(&a, WORKS);
	begin(&b);
	wait_for(&b, DONE);
	ck_assert(b.busy);
	ck_assert_uint_eq(now().pending, 0);
	begin(&c);
	wait_for_pending(1);
	struct job many[16];
	for (size_t i = 0; i < 16; i++) {
		many[i] = (struct job){.large = 60000};
		begin(&many[i]);
	}
	wait_for(&many[15], DONE); /* too many */
	ck_assert(many[15].busy);
	let(&a.worked);
	let(&a.read);
	for (size_t i = 0; i < 15; i++)
		let(&many[i].worked), let(&many[i].read);
	let(&c.worked);
	let(&c.read);
	wait_for(&many[0], DONE);
	turns_free(q); /* the others may be told to come back */
	ck_assert(!c.busy);
	ck_assert(!many[0].busy);
}
END_TEST

START_TEST(what_waits_at_the_end_is_run)
{
	struct job many[40] = {0};
	with((struct turns_options){2, 4, 100, 60000});
	for (size_t i = 0; i < 40; i++) {
		many[i].worked = many[i].read = true;
		begin(&many[i]);
	}
	turns_stop(q);
	for (size_t i = 0; i < 40; i++)
		ck_assert_int_eq(many[i].at, DONE);
	struct job late = {.worked = true, .read = true};
	begin(&late); /* by us */
	ck_assert_int_eq(late.at, DONE);
	turns_free(q);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("turns");
	TCase *t = tcase_create("work");
	tcase_add_test(t, no_more_work_than_there_are_turns);
	tcase_add_test(t, what_waits_at_the_end_is_run);
	suite_add_tcase(s, t);
	t = tcase_create("large");
	tcase_add_test(t, one_is_large_at_a_time);
	tcase_add_test(t, an_answer_that_has_room_is_large_no_more);
	tcase_add_test(t, the_large_ones_reader_is_cut_for_who_waits);
	tcase_add_test(t, who_waits_to_be_large_waits_so_long);
	suite_add_tcase(s, t);
	t = tcase_create("readers");
	tcase_add_test(t, readers_hold_no_more_than_there_is);
	tcase_add_test(t, no_more_readers_than_may_be);
	tcase_add_test(t, the_slowest_is_cut_for_who_waits);
	tcase_add_test(t, whoever_works_is_not_cut);
	suite_add_tcase(s, t);
	return s;
}
