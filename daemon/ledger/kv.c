#include "kv.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TABLES_MAX = 32, READERS_MAX = 256, SEATS = 64, APART = 128 };

/* A thread sanitizer's address space has no room for a terabyte. */
#ifdef __SANITIZE_THREAD__
static const uint64_t MAP_MAX = (uint64_t)16 << 30;
#else
static const uint64_t MAP_MAX = UINT64_MAX;
#endif

struct kv {
	MDB_env *env;
	MDB_dbi dbi[TABLES_MAX];
	bool dup[TABLES_MAX];
	size_t n;
	char *lock_path;
	/*
	 * A read transaction that has ended keeps its reader slot and waits in its thread's seat:
	 * taking it up again costs neither an allocation nor a lock.  One that shows what was
	 * committed last stays open, and needn't find its tables again; it holds back no page that
	 * the next writer could use.  A commit resets it.  Who takes a pointer out owns it.
	 */
	struct seat {
		_Atomic(MDB_txn *) open, reset;
		char apart[APART - 2 * sizeof(MDB_txn *)]; /* no two on one line of a cache */
	} seats[SEATS];
};

static int err_of(int rc)
{
	static const struct {
		int rc, err;
	} map[] = {
	    {MDB_SUCCESS, SY_OK},
	    {MDB_NOTFOUND, SY_ENOTFOUND},
	    {MDB_KEYEXIST, SY_EDUP},
	    {MDB_MAP_FULL, SY_ENOSPC},
	    {ENOSPC, SY_ENOSPC},
	    {EDQUOT, SY_ENOSPC},
	    {ENOMEM, SY_ENOMEM},
	    {ENOENT, SY_ENOTFOUND},
	    {MDB_READERS_FULL, SY_EBUSY},
	    {MDB_VERSION_MISMATCH, SY_EVERSION},
	    {MDB_PAGE_NOTFOUND, SY_ECORRUPT},
	    {MDB_CORRUPTED, SY_ECORRUPT},
	    {MDB_PANIC, SY_EIO}, /* a write failed before; what is stored is whole */
	    {MDB_INVALID, SY_ECORRUPT},
	    {MDB_INCOMPATIBLE, SY_ECORRUPT},
	    {MDB_CURSOR_FULL, SY_ECORRUPT},
	    {MDB_PAGE_FULL, SY_ECORRUPT},
	    {MDB_BAD_VALSIZE, SY_EINVAL},
	};

	for (size_t i = 0; i < sizeof map / sizeof *map; i++)
		if (map[i].rc == rc)
			return map[i].err;
	return SY_EIO;
}

static int open_tables(struct kv *kv, const struct kv_table *tables, bool readonly)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(kv->env, NULL, readonly ? MDB_RDONLY : 0, &txn);

	if (rc)
		return err_of(rc);
	for (size_t i = 0; i < kv->n; i++) {
		unsigned flags = readonly ? 0 : MDB_CREATE;
		if (tables[i].integer_dup)
			flags |= MDB_DUPSORT | MDB_DUPFIXED;
		kv->dup[i] = tables[i].integer_dup;
		rc = mdb_dbi_open(txn, tables[i].name, flags, &kv->dbi[i]);
		if (rc) {
			mdb_txn_abort(txn);
			/* the folder is there but isn't one of ours */
			return rc == MDB_NOTFOUND ? SY_ECORRUPT : err_of(rc);
		}
	}
	return err_of(mdb_txn_commit(txn));
}

int kv_open(const char *dir, const struct kv_table *tables, size_t n, uint64_t map_size, int flags,
	    struct kv **out)
{
	unsigned env_flags = MDB_NOTLS | MDB_NORDAHEAD;
	int err = SY_ENOMEM, dead;
	struct kv *kv;

	if (n > TABLES_MAX)
		return SY_EINVAL;
	if ((kv = calloc(1, sizeof *kv)) == NULL)
		return SY_ENOMEM;
	if (asprintf(&kv->lock_path, "%s/lock.mdb", dir) < 0)
		goto err0;
	kv->n = n;
	if ((err = err_of(mdb_env_create(&kv->env))))
		goto err1;
	if (flags & KV_READONLY)
		env_flags |= MDB_RDONLY;
	else if (mkdir(dir, 0700) && errno != EEXIST) {
		err = err_of(errno);
		goto err2;
	}
	if (flags & KV_NOSYNC)
		env_flags |= MDB_NOSYNC;
	if (flags & KV_LATEST)
		env_flags |= MDB_NOMETASYNC;
	if ((err = err_of(mdb_env_set_maxdbs(kv->env, TABLES_MAX))) ||
	    (err = err_of(mdb_env_set_maxreaders(kv->env, READERS_MAX))) ||
	    (err = err_of(mdb_env_set_mapsize(kv->env, map_size < MAP_MAX ? map_size : MAP_MAX))) ||
	    (err = err_of(mdb_env_open(kv->env, dir, env_flags, 0600))) ||
	    (err = err_of(mdb_reader_check(kv->env, &dead))) ||
	    (err = open_tables(kv, tables, flags & KV_READONLY)))
		goto err2;
	*out = kv;
	return SY_OK;
err2:
	mdb_env_close(kv->env);
err1:
	free(kv->lock_path);
err0:
	free(kv);
	return err;
}

/* LMDB leaves its lock file behind.  It says nothing once nobody holds the environment, and a
 * folder at rest should hold nothing that a check can't account for. */
static void remove_lock_file(const char *path)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fcntl(fd, F_SETLK, &whole) == 0)
		unlink(path);
	close(fd);
}

void kv_close(struct kv *kv)
{
	if (kv == NULL)
		return;
	for (unsigned i = 0; i < SEATS; i++) {
		mdb_txn_abort(kv->seats[i].open);
		mdb_txn_abort(kv->seats[i].reset);
	}
	mdb_env_close(kv->env);
	remove_lock_file(kv->lock_path);
	free(kv->lock_path);
	free(kv);
}

int kv_copy(struct kv *kv, const char *dir)
{
	if (mkdir(dir, 0700))
		return err_of(errno);
	return err_of(mdb_env_copy(kv->env, dir));
}

int kv_sync(struct kv *kv)
{
	return err_of(mdb_env_sync(kv->env, 1));
}

int kv_fd(struct kv *kv)
{
	int fd = -1;

	mdb_env_get_fd(kv->env, &fd);
	return fd;
}

uint64_t kv_map(struct kv *kv)
{
	MDB_envinfo info;

	mdb_env_info(kv->env, &info);
	return info.me_mapsize;
}

uint64_t kv_used(struct kv *kv)
{
	MDB_envinfo info;
	MDB_stat st;

	mdb_env_info(kv->env, &info);
	mdb_env_stat(kv->env, &st);
	return (info.me_last_pgno + 1) * (uint64_t)st.ms_psize;
}

bool kv_has_room(struct kv *kv)
{
	const off_t step = 1 << 20;
	struct stat st;
	int fd = kv_fd(kv);

	/* Blocks past the end, which the next commit will want anyway. */
	return fstat(fd, &st) || fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size, step) == 0 ||
	       (errno != ENOSPC && errno != EDQUOT);
}

/* --- transactions ---------------------------------------------------------------------------- */

/* Threads share a seat only when there are more of them than seats; whoever finds it empty or
 * taken does without. */
static struct seat *my_seat(struct kv *kv)
{
	static atomic_uint threads;
	static _Thread_local unsigned mine = SEATS;

	if (mine == SEATS)
		mine = atomic_fetch_add(&threads, 1) % SEATS;
	return &kv->seats[mine];
}

static size_t newest_id(struct kv *kv)
{
	MDB_envinfo info;

	mdb_env_info(kv->env, &info);
	return info.me_last_txnid;
}

static void sit_down(_Atomic(MDB_txn *) *place, MDB_txn *txn)
{
	MDB_txn *nobody = NULL;

	if (!atomic_compare_exchange_strong(place, &nobody, txn))
		mdb_txn_abort(txn);
}

static void reset_seat(struct seat *s)
{
	MDB_txn *txn = atomic_load(&s->open) ? atomic_exchange(&s->open, NULL) : NULL;

	if (txn == NULL)
		return;
	mdb_txn_reset(txn);
	sit_down(&s->reset, txn);
}

static void reset_seats(struct kv *kv)
{
	for (unsigned i = 0; i < SEATS; i++)
		reset_seat(&kv->seats[i]);
}

/* A commit that the first look doesn't see may have passed this seat already; the second does. */
static void give_back(struct kv *kv, MDB_txn *txn, bool sound)
{
	struct seat *s = my_seat(kv);
	size_t id = mdb_txn_id(txn);

	if (sound && id == newest_id(kv)) {
		sit_down(&s->open, txn);
		if (id != newest_id(kv))
			reset_seat(s);
	} else {
		mdb_txn_reset(txn);
		sit_down(&s->reset, txn);
	}
}

static int begin_read(struct kv *kv, MDB_txn **txn)
{
	struct seat *s = my_seat(kv);

	if ((*txn = atomic_exchange(&s->open, NULL)) != NULL) {
		if (mdb_txn_id(*txn) == newest_id(kv))
			return SY_OK;
		mdb_txn_reset(*txn);
	} else {
		*txn = atomic_exchange(&s->reset, NULL);
	}
	if (*txn) {
		if (mdb_txn_renew(*txn) == 0)
			return SY_OK;
		mdb_txn_abort(*txn);
	}
	return err_of(mdb_txn_begin(kv->env, NULL, MDB_RDONLY, txn));
}

int kv_begin(struct kv *kv, struct kv_tx *tx, int mode)
{
	MDB_txn *txn = NULL;

	*tx = (struct kv_tx){.kv = kv, .write = mode == KV_WRITE};
	tx->err = tx->write ? err_of(mdb_txn_begin(kv->env, NULL, 0, &txn)) : begin_read(kv, &txn);
	tx->txn = tx->err ? NULL : txn;
	return tx->err;
}

static void close_all(void *cursors[TABLES_MAX])
{
	for (size_t i = 0; i < TABLES_MAX; i++) {
		if (cursors[i])
			mdb_cursor_close(cursors[i]);
		cursors[i] = NULL;
	}
}

static void close_cursors(struct kv_tx *tx)
{
	close_all(tx->cursors);
	close_all(tx->points);
}

void kv_abort(struct kv_tx *tx)
{
	if (tx->txn == NULL)
		return;
	close_cursors(tx);
	if (tx->write)
		mdb_txn_abort(tx->txn);
	else
		give_back(tx->kv, tx->txn, tx->err == SY_OK);
	tx->txn = NULL;
}

int kv_commit(struct kv_tx *tx)
{
	if (tx->err || tx->txn == NULL || !tx->write) {
		kv_abort(tx);
		return tx->err;
	}
	close_cursors(tx);
	int rc = mdb_txn_commit(tx->txn);
	tx->map_full = rc == MDB_MAP_FULL;
	tx->txn = NULL;
	reset_seats(tx->kv);
	return tx->err = err_of(rc);
}

uint64_t kv_state(const struct kv_tx *tx)
{
	return tx->txn ? mdb_txn_id(tx->txn) : 0;
}

bool kv_wants_room(struct kv_tx *tx, int err)
{
	MDB_txn *txn;

	if (tx->kv == NULL || (err != SY_EIO && err != SY_ENOSPC) ||
	    (err == SY_ENOSPC ? tx->map_full : kv_has_room(tx->kv)))
		return false;
	/* A new one: those that are open read on. */
	if (mdb_txn_begin(tx->kv->env, NULL, MDB_RDONLY, &txn))
		return false;
	mdb_txn_abort(txn);
	return true;
}

/* --- rows ------------------------------------------------------------------------------------ */

static int keep(struct kv_tx *tx, int rc)
{
	int err = err_of(rc);

	if (err && err != SY_ENOTFOUND) {
		tx->err = err;
		tx->map_full = rc == MDB_MAP_FULL;
	}
	return err;
}

/* Why this call must do nothing: the transaction failed, or it has ended. */
static int ended(struct kv_tx *tx)
{
	if (tx->err == SY_OK && tx->txn == NULL)
		tx->err = SY_EINTERNAL;
	return tx->err;
}

static MDB_val val(struct sy_str s)
{
	/* LMDB takes a writable pointer and writes nothing through it */
	return (MDB_val){.mv_size = s.n, .mv_data = (void *)(uintptr_t)s.p};
}

static struct sy_str str(MDB_val v)
{
	return (struct sy_str){v.mv_data, v.mv_size};
}

/* The cursor of OF for a table, opened when it is first wanted; NULL: tx->err says why. */
static MDB_cursor *cursor_in(struct kv_tx *tx, void *of[TABLES_MAX], unsigned table)
{
	MDB_cursor *c = NULL;

	if (ended(tx))
		return NULL;
	if (of[table] == NULL &&
	    keep(tx, mdb_cursor_open(tx->txn, tx->kv->dbi[table], &c)) == SY_OK)
		of[table] = c;
	return of[table];
}

/* A writer's next row is often on the page of its last one, or was just looked for: from there
 * LMDB needn't come down from the root again. */
static int get(struct kv_tx *tx, unsigned table, MDB_val *k, MDB_val *v)
{
	MDB_cursor *c;

	if (!tx->write)
		return keep(tx, mdb_get(tx->txn, tx->kv->dbi[table], k, v));
	c = cursor_in(tx, tx->points, table);
	return c ? keep(tx, mdb_cursor_get(c, k, v, MDB_SET)) : tx->err;
}

int kv_get(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str *value)
{
	MDB_val k = val(key), v = {0, NULL};
	int err;

	if (ended(tx))
		return tx->err;
	/* LMDB refuses an empty key and one past 511 bytes; neither can be there */
	err = key.n == 0 || key.n > 511 ? SY_ENOTFOUND : get(tx, table, &k, &v);
	if (err == SY_OK)
		*value = str(v);
	return err;
}

static unsigned put_flags(const struct kv *kv, unsigned table, int flags)
{
	unsigned f = 0;

	if (flags & KV_APPEND)
		f |= kv->dup[table] ? MDB_APPENDDUP : MDB_APPEND;
	if (flags & KV_NEW)
		f |= kv->dup[table] ? MDB_NODUPDATA : MDB_NOOVERWRITE;
	return f;
}

/* What goes behind the last row needs no search. */
static int put(struct kv_tx *tx, unsigned table, MDB_val *k, MDB_val *v, unsigned flags)
{
	MDB_cursor *c;

	if (flags & (MDB_APPEND | MDB_APPENDDUP))
		return keep(tx, mdb_put(tx->txn, tx->kv->dbi[table], k, v, flags));
	c = cursor_in(tx, tx->points, table);
	return c ? keep(tx, mdb_cursor_put(c, k, v, flags)) : tx->err;
}

int kv_put(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str value, int flags)
{
	MDB_val k = val(key), v = val(value);

	if (ended(tx))
		return tx->err;
	return put(tx, table, &k, &v, put_flags(tx->kv, table, flags));
}

int kv_reserve(struct kv_tx *tx, unsigned table, struct sy_str key, size_t n, int flags,
	       void **room)
{
	MDB_val k = val(key), v = {.mv_size = n};
	int err;

	*room = NULL;
	if (ended(tx))
		return tx->err;
	err = put(tx, table, &k, &v, put_flags(tx->kv, table, flags) | MDB_RESERVE);
	if (err == SY_OK)
		*room = v.mv_data;
	return err;
}

int kv_del(struct kv_tx *tx, unsigned table, struct sy_str key)
{
	MDB_val k = val(key);

	if (ended(tx))
		return tx->err;
	return keep(tx, mdb_del(tx->txn, tx->kv->dbi[table], &k, NULL));
}

int kv_del_value(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str value)
{
	MDB_val k = val(key), v = val(value);

	if (ended(tx))
		return tx->err;
	return keep(tx, mdb_del(tx->txn, tx->kv->dbi[table], &k, &v));
}

/* --- ordered reading ------------------------------------------------------------------------- */

/* The transaction's cursor of a table; NULL: tx->err says why. */
static MDB_cursor *cursor_of(struct kv_tx *tx, unsigned table)
{
	return cursor_in(tx, tx->cursors, table);
}

/* The same for whoever moves it to another key. */
static MDB_cursor *cursor_to_move(struct kv_tx *tx, unsigned table)
{
	tx->moves[table]++;
	return cursor_of(tx, table);
}

static int move(struct kv_tx *tx, unsigned table, MDB_cursor_op op, struct sy_str from,
		struct sy_str *key, struct sy_str *value)
{
	MDB_val k = val(from), v = {0, NULL};
	MDB_cursor *c = cursor_to_move(tx, table);
	int err;

	if (c == NULL)
		return tx->err;
	err = keep(tx, mdb_cursor_get(c, &k, &v, op));
	if (err == SY_OK) {
		*key = str(k);
		*value = str(v);
	}
	return err;
}

int kv_seek(struct kv_tx *tx, unsigned table, struct sy_str from, struct sy_str *key,
	    struct sy_str *value)
{
	return move(tx, table, from.n ? MDB_SET_RANGE : MDB_FIRST, from, key, value);
}

int kv_next(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value)
{
	return move(tx, table, MDB_NEXT, SY_STR(""), key, value);
}

int kv_next_key(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value)
{
	return move(tx, table, MDB_NEXT_NODUP, SY_STR(""), key, value);
}

int kv_prev(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value)
{
	return move(tx, table, MDB_PREV, SY_STR(""), key, value);
}

int kv_last(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value)
{
	return move(tx, table, MDB_LAST, SY_STR(""), key, value);
}

int kv_has_value(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str value)
{
	MDB_val k = val(key), v = val(value);
	MDB_cursor *c = cursor_to_move(tx, table);

	return c ? keep(tx, mdb_cursor_get(c, &k, &v, MDB_GET_BOTH)) : tx->err;
}

int kv_seek_value(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str from,
		  struct sy_str *value)
{
	MDB_val k = val(key), v = val(from);
	MDB_cursor *c = cursor_to_move(tx, table);
	int err;

	if (c == NULL)
		return tx->err;
	err = keep(tx, mdb_cursor_get(c, &k, &v, MDB_GET_BOTH_RANGE));
	if (err == SY_OK)
		*value = str(v);
	return err;
}

int kv_values(struct kv_tx *tx, unsigned table, struct sy_str key, bool first,
	      struct sy_str *values)
{
	MDB_val k = val(key), v = {0, NULL};
	MDB_cursor *c = first ? cursor_to_move(tx, table) : cursor_of(tx, table);
	int rc;

	if (c == NULL)
		return tx->err;
	if (first && (rc = mdb_cursor_get(c, &k, &v, MDB_SET)))
		return keep(tx, rc);
	rc = mdb_cursor_get(c, &k, &v, first ? MDB_GET_MULTIPLE : MDB_NEXT_MULTIPLE);
	if (rc == 0)
		*values = str(v);
	return keep(tx, rc);
}

int kv_values_here(struct kv_tx *tx, unsigned table, struct sy_str value, bool *whole,
		   struct sy_str *values)
{
	MDB_val k = {0, NULL}, v = val(value);
	MDB_cursor *c = cursor_of(tx, table);
	size_t n = 1;

	if (c == NULL)
		return tx->err;
	int rc = mdb_cursor_count(c, &n);
	/* Of a single value LMDB may give those of the key before. */
	if (rc == 0 && n > 1)
		rc = mdb_cursor_get(c, &k, &v, MDB_GET_MULTIPLE);
	*whole = v.mv_size == n * value.n;
	*values = str(v);
	return keep(tx, rc);
}

int kv_sweep(struct kv_tx *tx, unsigned table,
	     int (*each)(void *ctx, struct sy_str key, struct sy_str values), void *ctx)
{
	MDB_cursor *c = cursor_to_move(tx, table);
	MDB_val k, v, more;
	int rc, err = SY_OK;

	if (c == NULL)
		return tx->err;
	for (rc = mdb_cursor_get(c, &k, &v, MDB_FIRST); rc == 0 && err == SY_OK;
	     rc = mdb_cursor_get(c, &k, &v, MDB_NEXT_NODUP)) {
		size_t size = v.mv_size, n = 1, given;
		if ((rc = mdb_cursor_count(c, &n)) ||
		    (n > 1 && (rc = mdb_cursor_get(c, &more, &v, MDB_GET_MULTIPLE))))
			break;
		err = each(ctx, str(k), str(v));
		for (given = v.mv_size; given < n * size && err == SY_OK; given += v.mv_size) {
			if ((rc = mdb_cursor_get(c, &more, &v, MDB_NEXT_MULTIPLE)))
				return keep(tx, rc);
			err = each(ctx, str(k), str(v));
		}
		if (err)
			return err;
	}
	return rc == MDB_NOTFOUND ? SY_OK : keep(tx, rc);
}

uint64_t kv_count(struct kv_tx *tx, unsigned table)
{
	MDB_stat st;

	if (ended(tx) || keep(tx, mdb_stat(tx->txn, tx->kv->dbi[table], &st)))
		return 0;
	return st.ms_entries;
}
