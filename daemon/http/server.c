#include "inside.h"

#include <event2/thread.h>

static void fill_in(struct http_options *o)
{
#define DEFAULT(field, value) (o->field = o->field != 0 ? o->field : (value))
	DEFAULT(fronts, 1);
	DEFAULT(max_header, 16 * 1024);
	DEFAULT(max_headers, 64);
	DEFAULT(body_budget, 64 * 1024 * 1024);
	DEFAULT(answer_budget, 64 * 1024 * 1024);
	DEFAULT(max_connections, 4096);
	DEFAULT(header_ms, 10 * 1000);
	DEFAULT(request_ms, 60 * 1000);
	DEFAULT(idle_ms, 75 * 1000);
	DEFAULT(write_ms, 30 * 1000);
#undef DEFAULT
}

static void use_threads(void)
{
	evthread_use_pthreads();
}

static int open_fronts(struct http_server *s)
{
	s->fronts = calloc(s->o.fronts, sizeof *s->fronts);
	if (s->fronts == NULL)
		return SY_ENOMEM;
	for (; s->n_fronts < s->o.fronts; s->n_fronts++) {
		int err = front_open(&s->fronts[s->n_fronts], s);
		if (err != SY_OK)
			return err;
		atomic_fetch_add(&s->refs, 1);
	}
	return SY_OK;
}

int http_open(const struct http_options *o, struct http_server **out, const char **why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int err = SY_ENOMEM;
	*out = NULL;
	*why = "not enough memory";
	pthread_once(&once, use_threads);
	struct http_server *s = calloc(1, sizeof *s);
	if (s == NULL)
		return err;
	if (pthread_mutex_init(&s->callers_mu, NULL) != 0) {
		free(s);
		return err;
	}
	s->refs = 1;
	s->o = *o;
	fill_in(&s->o);
	const char *wrong = router_check(o->routes, o->n_routes);
	if (wrong != NULL) {
		*why = wrong;
		err = SY_EINVAL;
	} else if ((err = listen_open(s, why)) == SY_OK) {
		err = open_fronts(s);
	}
	if (err != SY_OK) {
		http_close(s);
		return err;
	}
	*out = s;
	return SY_OK;
}

int http_start(struct http_server *s)
{
	int err = listen_start(s);
	for (unsigned i = 0; i < s->n_fronts && err == SY_OK; i++)
		err = front_start(&s->fronts[i]);
	return err;
}

static void wait_drained(struct front *f, unsigned ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000 + 1;
	pthread_mutex_lock(&f->mu);
	while (!f->drained && pthread_cond_timedwait(&f->quiet, &f->mu, &until) == 0)
		continue;
	pthread_mutex_unlock(&f->mu);
}

void http_drain(struct http_server *s, unsigned ms)
{
	for (unsigned i = 0; i < s->n_fronts; i++) {
		struct front *f = &s->fronts[i];
		pthread_mutex_lock(&f->mu);
		f->drain = true;
		f->drain_ms = ms;
		front_wake(f);
		pthread_mutex_unlock(&f->mu);
	}
	for (unsigned i = 0; i < s->n_fronts; i++)
		if (s->fronts[i].started)
			wait_drained(&s->fronts[i], ms);
}

void http_close(struct http_server *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->n_fronts; i++)
		front_stop(&s->fronts[i]);
	listen_free(s);
	for (unsigned i = 0; i < s->n_fronts; i++)
		front_close(&s->fronts[i]);
	server_unref(s);
}

void server_unref(struct http_server *s)
{
	if (atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&s->callers_mu);
	free(s->fronts);
	free(s);
}

static uint64_t get(const _Atomic uint64_t *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

void http_stats(const struct http_server *s, struct http_stats *out)
{
	*out = (struct http_stats){
	    .connections = get(&s->connections),
	    .body_bytes = get(&s->body_bytes),
	    .answer_bytes = get(&s->answer_bytes),
	    .turned_away = get(&s->turned_away),
	};
	for (unsigned i = 0; i < s->n_fronts; i++) {
		const struct counters *n = &s->fronts[i].n;
		out->accepted += get(&n->accepted);
		out->requests += get(&n->requests);
		out->bytes_in += get(&n->bytes_in);
		out->bytes_out += get(&n->bytes_out);
		out->refused += get(&n->refused);
		out->timeouts += get(&n->timeouts);
		out->displaced += get(&n->displaced);
		for (size_t k = 0; k < 6; k++)
			out->by_status[k] += get(&n->by_status[k]);
	}
}
