/* The waiting room and the pool of workers, under threads. */
#include "later.h"
#include "pool.h"
#include "run.h"

#include <suyuan/error.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

static sem_t called;
static atomic_int with_ok, with_busy;

static void note(struct guest *g, int err)
{
	(void)g;
	atomic_fetch_add(err ? &with_busy : &with_ok, 1);
	sem_post(&called);
}

static void begin(void)
{
	sem_init(&called, 0, 0);
	atomic_store(&with_ok, 0);
	atomic_store(&with_busy, 0);
}

START_TEST(a_guest_leaves_when_its_entry_is_there)
{
	struct later *l;
	struct guest near = {.call = note}, far = {.call = note};
	begin();
	ck_assert_int_eq(later_new(&l), SY_OK);
	later_add(l, &near, 5, 60000);
	later_add(l, &far, 9, 60000);
	later_advanced(l, 4);
	later_advanced(l, 5);
	sem_wait(&called);
	ck_assert_int_eq(atomic_load(&with_ok), 1);
	later_advanced(l, 100);
	sem_wait(&called);
	ck_assert_int_eq(atomic_load(&with_ok), 2);
	later_free(l);
}
END_TEST

START_TEST(what_is_there_already_does_not_wait)
{
	struct later *l;
	struct guest g = {.call = note};
	begin();
	ck_assert_int_eq(later_new(&l), SY_OK);
	later_advanced(l, 7);
	later_add(l, &g, 7, 60000);
	sem_wait(&called);
	ck_assert_int_eq(atomic_load(&with_ok), 1);
	later_free(l);
}
END_TEST

START_TEST(time_runs_out)
{
	struct later *l;
	struct guest g = {.call = note};
	begin();
	ck_assert_int_eq(later_new(&l), SY_OK);
	later_add(l, &g, 1, 20);
	sem_wait(&called);
	ck_assert_int_eq(atomic_load(&with_busy), 1);
	later_free(l);
}
END_TEST

START_TEST(a_stop_answers_everybody_once)
{
	enum { N = 50 };
	struct later *l;
	struct guest g[N], late = {.call = note};
	begin();
	ck_assert_int_eq(later_new(&l), SY_OK);
	for (unsigned i = 0; i < N; i++) {
		g[i] = (struct guest){.call = note};
		later_add(l, &g[i], 1000, 60000);
	}
	later_stop(l);
	ck_assert_int_eq(atomic_load(&with_busy), N);
	later_add(l, &late, 1, 60000);
	ck_assert_int_eq(atomic_load(&with_busy), N + 1);
	later_free(l);
	later_free(NULL);
}
END_TEST

struct adder {
	struct later *l;
	struct guest g[500];
};

static void *add_many(void *arg)
{
	struct adder *a = arg;
	for (unsigned i = 0; i < 500; i++) {
		a->g[i] = (struct guest){.call = note};
		later_add(a->l, &a->g[i], i + 1, 60000);
	}
	return NULL;
}

START_TEST(many_come_while_the_index_moves)
{
	static struct adder a[4];
	struct later *l;
	pthread_t t[4];
	begin();
	ck_assert_int_eq(later_new(&l), SY_OK);
	for (unsigned i = 0; i < 4; i++) {
		a[i].l = l;
		pthread_create(&t[i], NULL, add_many, &a[i]);
	}
	for (unsigned p = 0; p <= 500; p++)
		later_advanced(l, p);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (unsigned i = 0; i < 2000; i++)
		sem_wait(&called);
	ck_assert_int_eq(atomic_load(&with_ok), 2000);
	later_free(l);
}
END_TEST

struct counted {
	struct task task;
	int runs;
};

static void count(struct task *t)
{
	((struct counted *)(void *)t)->runs++;
	sem_post(&called);
}

START_TEST(each_task_runs_once)
{
	enum { N = 2000 };
	static struct counted c[N];
	struct pool *p;
	begin();
	ck_assert_int_eq(pool_new(3, &p), SY_OK);
	for (unsigned i = 0; i < N; i++) {
		c[i].task.run = count;
		pool_add(p, &c[i].task);
	}
	pool_stop(p);
	for (unsigned i = 0; i < N; i++)
		ck_assert_int_eq(c[i].runs, 1);
	struct counted late = {.task.run = count};
	pool_add(p, &late.task);
	ck_assert_int_eq(late.runs, 1);
	pool_free(p);
	pool_free(NULL);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("later");
	TCase *t = tcase_create("later");
	tcase_add_test(t, a_guest_leaves_when_its_entry_is_there);
	tcase_add_test(t, what_is_there_already_does_not_wait);
	tcase_add_test(t, time_runs_out);
	tcase_add_test(t, a_stop_answers_everybody_once);
	tcase_add_test(t, many_come_while_the_index_moves);
	suite_add_tcase(s, t);
	t = tcase_create("pool");
	tcase_add_test(t, each_task_runs_once);
	suite_add_tcase(s, t);
	return s;
}
