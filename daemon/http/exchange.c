#include "inside.h"

enum { SPARE = 64 };

struct http_exchange *exchange_new(struct front *f)
{
	struct http_exchange *x = f->spare;
	if (x != NULL) {
		f->spare = x->next;
		f->n_spare--;
		x->next = NULL;
		return x;
	}
	if ((x = calloc(1, sizeof *x)) == NULL)
		return NULL;
	if (pthread_cond_init(&x->room, NULL) != 0) {
		free(x);
		return NULL;
	}
	x->front = f;
	x->pieces_end = &x->pieces;
	return x;
}

void exchange_destroy(struct http_exchange *x)
{
	pieces_free(x->pieces);
	pieces_free(x->gather);
	pthread_cond_destroy(&x->room);
	sy_arena_free(&x->arena);
	sy_buf_free(&x->req_body);
	sy_buf_free(&x->extra);
	sy_buf_free(&x->body);
	free(x);
}

static void give_back(struct http_exchange *x)
{
	struct http_server *s = x->front->server;
	if (x->reserved > 0)
		atomic_fetch_sub_explicit(&s->body_bytes, x->reserved, memory_order_relaxed);
	if (x->charged > 0)
		atomic_fetch_sub_explicit(&s->answer_bytes, x->charged, memory_order_relaxed);
	x->reserved = x->charged = 0;
}

static struct sy_buf emptied(struct sy_buf b)
{
	if (b.cap > HTTP_KEEP || b.failed)
		sy_buf_free(&b);
	else
		sy_buf_reset(&b);
	return b;
}

void exchange_free(struct http_exchange *x)
{
	struct front *f = x->front;
	give_back(x);
	if (f->n_spare >= SPARE || x->begun) {
		exchange_destroy(x);
		return;
	}
	sy_arena_reset(&x->arena);
	x->arena.budget = NULL;
	struct http_exchange *next = f->spare;
	x->next = next;
	x->conn = NULL;
	x->req_body = emptied(x->req_body);
	x->extra = emptied(x->extra);
	x->body = emptied(x->body);
	x->route = NULL;
	x->status = 0;
	x->type[0] = '\0';
	x->retry_after = x->ended = x->answered = x->head_sent = false;
	x->sent = 0;
	f->spare = x;
	f->n_spare++;
}

void exchange_orphan(struct http_exchange *x)
{
	struct front *f = x->front;
	x->conn = NULL;
	if (x->answered) {
		exchange_free(x);
		return;
	}
	pthread_mutex_lock(&f->mu);
	x->gone = true;
	pthread_cond_broadcast(&x->room);
	pthread_mutex_unlock(&f->mu);
}

/* The last exchange that comes back to a closed front takes the front along. */
static bool came_back_late(struct http_exchange *x)
{
	struct front *f = x->front;
	give_back(x);
	exchange_destroy(x);
	return --f->lent == 0;
}

void exchange_post(struct http_exchange *x, bool ended)
{
	struct front *f = x->front;
	bool last = false;
	pthread_mutex_lock(&f->mu);
	x->ended = ended;
	if (f->closed) {
		last = ended && came_back_late(x);
	} else if (!x->posted) {
		/* Woken under the lock: once it is let go, X and even the front may be freed. */
		if (f->mail == NULL)
			front_wake(f);
		x->posted = true;
		x->next_mail = NULL;
		*f->mail_end = x;
		f->mail_end = &x->next_mail;
	}
	pthread_mutex_unlock(&f->mu);
	if (last)
		front_free(f);
}
