#include "base/pool.h"

#include <suyuan/error.h>

#include <pthread.h>
#include <stdlib.h>

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct task *first, **last;
	unsigned n;
	bool stopping; /* tasks run where they are added */
	pthread_t thread[];
};

static struct task *take(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->first == NULL && !p->stopping)
		pthread_cond_wait(&p->more, &p->lock);
	struct task *t = p->first;
	if (t && (p->first = t->next) == NULL)
		p->last = &p->first;
	pthread_mutex_unlock(&p->lock);
	return t;
}

static void *work(void *arg)
{
	pthread_setname_np(pthread_self(), "worker");
	for (struct task *t; (t = take(arg)) != NULL;)
		t->run(t);
	return NULL;
}

int pool_new(unsigned threads, struct pool **out)
{
	struct pool *p = calloc(1, sizeof *p + threads * sizeof p->thread[0]);
	if (p == NULL)
		return SY_ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->last = &p->first;
	for (; p->n < threads; p->n++)
		if (pthread_create(&p->thread[p->n], NULL, work, p)) {
			pool_free(p);
			return SY_ENOMEM;
		}
	*out = p;
	return SY_OK;
}

void pool_add(struct pool *p, struct task *t)
{
	t->next = NULL;
	pthread_mutex_lock(&p->lock);
	bool closed = p->stopping;
	if (!closed) {
		*p->last = t;
		p->last = &t->next;
		pthread_cond_signal(&p->more);
	}
	pthread_mutex_unlock(&p->lock);
	if (closed)
		t->run(t);
}

void pool_stop(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++)
		pthread_join(p->thread[i], NULL);
	p->n = 0;
}

void pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pool_stop(p);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
