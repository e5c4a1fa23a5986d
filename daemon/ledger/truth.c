#include "truth.h"

#include <suyuan/keyfile.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

const struct kv_table ledger_tables[N_TABLES] = {
    [T_ENTRIES] = {"entries", false}, [T_RECORDS] = {"records", false},
    [T_LEAVES] = {"leaves", false},   [T_TREE + 0] = {"tree0", false},
    [T_TREE + 1] = {"tree1", false},  [T_TREE + 2] = {"tree2", false},
    [T_TREE + 3] = {"tree3", false},  [T_TREE + 4] = {"tree4", false},
    [T_TREE + 5] = {"tree5", false},  [T_TREE + 6] = {"tree6", false},
    [T_TREE + 7] = {"tree7", false},  [T_NOTES] = {"notes", false},
    [T_META] = {"meta", false},
};

/* --- sentences and files --------------------------------------------------------------------- */

static _Thread_local char said[1024];

int ledger_say(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof said, fmt, ap);
	va_end(ap);
	return err;
}

const char *ledger_said(void)
{
	return said;
}

int sync_path(const char *dir, const char *name)
{
	char path[4096];
	int fd, rc;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return SY_ERANGE;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return SY_EIO;
	rc = fsync(fd);
	close(fd);
	return rc ? SY_EIO : SY_OK;
}

int pread_all(int fd, void *p, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pread(fd, (char *)p + done, n - done, (off_t)(at + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return SY_EIO;
		done += (size_t)k;
	}
	return SY_OK;
}

int pwrite_all(int fd, const void *p, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pwrite(fd, (const char *)p + done, n - done, (off_t)(at + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 && (errno == ENOSPC || errno == EDQUOT) ? SY_ENOSPC : SY_EIO;
		done += (size_t)k;
	}
	return SY_OK;
}

/* --- memory ---------------------------------------------------------------------------------- */

int ledger_new(const struct ledger_options *o, struct ledger **out)
{
	struct ledger *l = calloc(1, sizeof *l);
	pthread_condattr_t attr;

	if (l == NULL) {
		ledger_say(SY_ENOMEM, "There is not enough memory.");
		return SY_ENOMEM;
	}
	l->o = *o;
	l->dir_fd = l->lock_fd = l->salts_fd = -1;
	l->end = &l->first;
	l->clock = system_clock;
	pthread_mutex_init(&l->mu, NULL);
	pthread_mutex_init(&l->pub_mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->wake, &attr);
	pthread_condattr_destroy(&attr);
	*out = l;
	l->paths = path_cache_new();
	l->dir = strdup(o->dir);
	if (l->paths == NULL || l->dir == NULL)
		return ledger_say(SY_ENOMEM, "There is not enough memory.");
	return SY_OK;
}

void ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	ledger_stop(l);
	kv_close(l->truth);
	if (l->salts_fd >= 0)
		close(l->salts_fd);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	if (l->dir_fd >= 0)
		close(l->dir_fd);
	growth_free(&l->growth);
	path_cache_free(l->paths);
	sy_buf_free(&l->note);
	sy_buf_free(&l->salts);
	sy_wipe(&l->signer, sizeof l->signer);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->pub_mu);
	pthread_mutex_destroy(&l->mu);
	free(l->dir);
	free(l);
}

/* --- what is published ----------------------------------------------------------------------- */

struct sy_str ledger_origin(const struct ledger *l)
{
	return sy_str(l->origin);
}

const struct sy_vkey *ledger_vkey(const struct ledger *l)
{
	return &l->vkey;
}

void ledger_head(struct ledger *l, struct ledger_head *out)
{
	pthread_mutex_lock(&l->pub_mu);
	*out = l->pub;
	pthread_mutex_unlock(&l->pub_mu);
}

int ledger_sign(struct ledger *l)
{
	sy_hash root;
	int err;

	sy_tree_root(&l->tree, &root);
	sy_buf_reset(&l->note);
	err = sy_checkpoint_sign(&l->signer, ledger_origin(l), l->tree.size, &root, &l->note);
	if (err)
		return err;
	return l->note.failed ? SY_ENOMEM : l->note.n > sizeof l->pub.note ? SY_ETOOBIG : SY_OK;
}

void ledger_publish(struct ledger *l)
{
	pthread_mutex_lock(&l->pub_mu);
	l->pub.entries = l->last.entries;
	l->pub.records = l->last.records;
	l->pub.time = l->last.entry.time;
	sy_tree_root(&l->tree, &l->pub.root);
	l->pub.note_len = l->note.n;
	memcpy(l->pub.note, l->note.p, l->note.n);
	pthread_mutex_unlock(&l->pub_mu);
	l->last_time = l->last.entry.time;
	l->head_dirty = true;
}

int ledger_store_note(struct ledger *l)
{
	struct kv_tx tx;
	int err;

	if (l->note_stored || l->note.n == 0)
		return SY_OK;
	if ((err = kv_begin(l->truth, &tx, KV_WRITE)))
		return err;
	kv_put(&tx, T_NOTES, KEY64(l->tree.size), sy_buf_span(&l->note), KV_APPEND);
	err = kv_commit(&tx);
	l->note_stored = err == SY_OK;
	return err;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool there(const struct ledger *l, const char *name)
{
	return faccessat(l->dir_fd, name, F_OK, 0) == 0;
}

int ledger_dir(struct ledger *l)
{
	l->dir_fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dir_fd < 0)
		return ledger_say(errno == ENOENT ? SY_ENOTFOUND : SY_EIO,
				  "%s can't be opened: %s.  A new ledger is made with suyuand "
				  "--init --dir %s --origin ORIGIN.",
				  l->dir, strerror(errno), l->dir);
	if (there(l, "incomplete"))
		return ledger_say(
		    SY_ENOTFOUND,
		    "Making the ledger in %s was interrupted; nothing was in it yet.  Run "
		    "suyuand --init again: it begins anew.",
		    l->dir);
	if (!there(l, "truth/data.mdb"))
		return ledger_say(SY_ENOTFOUND,
				  "%s isn't a ledger: truth/data.mdb is missing.  Is it the right "
				  "folder?  A new ledger is made with suyuand --init.",
				  l->dir);
	return SY_OK;
}

int ledger_lock(struct ledger *l)
{
	l->lock_fd = openat(l->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* Where nothing can be written nobody writes, so a check needs no lock; if there is one it
	 * may be held from before. */
	if (l->lock_fd < 0 && errno == EROFS && l->o.read_only) {
		l->lock_fd = openat(l->dir_fd, "lock", O_RDONLY | O_CLOEXEC);
		if (l->lock_fd < 0 && errno == ENOENT)
			return SY_OK;
	}
	if (l->lock_fd < 0)
		return ledger_say(SY_EIO, "%s/lock can't be opened: %s.", l->dir, strerror(errno));
	if (flock(l->lock_fd, LOCK_EX | LOCK_NB))
		return ledger_say(
		    SY_ELOCKED,
		    "%s is held by another suyuand: stop it first, or use another folder.", l->dir);
	return SY_OK;
}

int ledger_keys(struct ledger *l)
{
	const char *why = NULL;
	struct sy_keyfile k;
	char path[4096];
	int err;

	if ((size_t)snprintf(path, sizeof path, "%s/log.key", l->dir) >= sizeof path)
		return ledger_say(SY_ERANGE, "The path of %s is too long.", l->dir);
	err = sy_keyfile_read(&k, path, NULL, &why);
	if (err)
		return ledger_say(err,
				  "%s can't be read: %s.  Restore it from your backup: the ledger "
				  "signs with this key alone.",
				  path, why ? why : sy_strerror(err));
	l->vkey = k.vkey;
	l->signer = k.signer;
	snprintf(l->origin, sizeof l->origin, "%s", k.vkey.name);
	sy_wipe(&k, sizeof k);
	return SY_OK;
}

int ledger_truth(struct ledger *l)
{
	const uint64_t terabyte = (uint64_t)1 << 40;
	char path[4096];
	int err;

	if ((size_t)snprintf(path, sizeof path, "%s/truth", l->dir) >= sizeof path)
		return ledger_say(SY_ERANGE, "The path of %s is too long.", l->dir);
	if (!l->o.read_only && pages_cut(l->dir))
		return ledger_say(
		    SY_ECORRUPT,
		    "%s/data.mdb is shorter than when the ledger was stopped: restore "
		    "a backup.  suyuand --fsck says what is wrong.",
		    path);
	err = kv_open(path, ledger_tables, N_TABLES, l->o.map_size ? l->o.map_size : terabyte,
		      l->o.read_only ? KV_READONLY : 0, &l->truth);
	if (err == SY_OK && !l->o.read_only && (err = kv_sync(l->truth)) == SY_OK)
		return SY_OK;
	return err ? ledger_say(err, "%s can't be opened: %s.  suyuand --fsck says what is wrong.",
				path, sy_strerror(err))
		   : SY_OK;
}

static int check_meta(struct ledger *l, struct kv_tx *tx)
{
	struct sy_str v;
	uint64_t version;
	int err = kv_get(tx, T_META, SY_STR("format"), &v);

	if (err || sy_str_u64(v, &version))
		return ledger_say(SY_ECORRUPT, "%s/truth doesn't say its format: restore a backup.",
				  l->dir);
	if (version != LEDGER_FORMAT)
		return ledger_say(
		    SY_EVERSION,
		    "%s is in format %llu, this suyuand reads format %d: use a newer one.", l->dir,
		    (unsigned long long)version, LEDGER_FORMAT);
	if (kv_get(tx, T_META, SY_STR("origin"), &v) || !sy_str_is(v, l->origin))
		return ledger_say(
		    SY_ECORRUPT,
		    "%s/log.key is of the ledger %s, truth/ is another's: put the key file "
		    "that belongs to it there.",
		    l->dir, l->origin);
	return SY_OK;
}

/* The last entry must be the tree's last leaf and name the leaf before it. */
static int load_newest(struct kv_tx *tx, struct newest *out)
{
	static const sy_hash zeros;
	struct sy_str k, v, n;
	sy_hash before = zeros;
	int err = kv_last(tx, T_ENTRIES, &k, &v);

	if (err)
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	if (k.n != 8 || v.n != SY_ENTRY_SIZE ||
	    sy_entry_decode((const uint8_t *)v.p, &out->entry, NULL) ||
	    out->entry.index != sy_get64((const uint8_t *)k.p))
		return SY_ECORRUPT;
	out->entries = out->entry.index + 1;
	out->records = out->entry.first + out->entry.count;
	sy_leaf_hash(v.p, v.n, &out->leaf);
	if (kv_get(tx, T_TREE, k, &n) || n.n != SY_HASH_SIZE ||
	    memcmp(n.p, out->leaf.b, SY_HASH_SIZE) != 0)
		return SY_ECORRUPT;
	if (out->entry.index && (err = truth_at(tx, 0, out->entry.index - 1, &before)))
		return err;
	return sy_hash_eq(&before, &out->entry.prev) ? SY_OK : SY_ECORRUPT;
}

int ledger_load(struct ledger *l)
{
	struct sy_str v;
	struct kv_tx tx;
	int err = kv_begin(l->truth, &tx, KV_READ);

	if (err)
		return ledger_say(err, "%s/truth can't be read: %s.", l->dir, sy_strerror(err));
	if ((err = check_meta(l, &tx)))
		goto err0;
	if ((err = load_newest(&tx, &l->last)) == SY_OK)
		err = sy_tree_load(&l->tree, truth_at, &tx, l->last.entries);
	if (err)
		ledger_say(err,
			   "%s/truth: the newest entry, its chain or its tree is damaged.  suyuand "
			   "--fsck says where; then restore a backup that is at least as new as "
			   "%s/head.",
			   l->dir, l->dir);
	else
		l->note_stored = kv_get(&tx, T_NOTES, KEY64(l->last.entries), &v) == SY_OK;
err0:
	kv_abort(&tx);
	return err;
}

/* A salt that doesn't open the newest record: the file is another's, or was torn. */
static int check_newest_record(struct ledger *l)
{
	struct sy_arena arena = {0};
	struct ledger_record rec;
	struct ledger_read r;
	int err = read_committed(l, &r);

	if (err == SY_OK) {
		err = ledger_record(&r, &arena, l->last.records - 1, &rec);
		ledger_read_end(&r);
	}
	sy_arena_free(&arena);
	if (err && err != SY_EGONE)
		return ledger_say(err,
				  "%s: the newest record, %llu, doesn't open (%s): restore salts "
				  "and truth/ from one backup.",
				  l->dir, (unsigned long long)l->last.records - 1,
				  sy_strerror(err));
	return SY_OK;
}

static int open_salts(struct ledger *l)
{
	return salts_open(l, false);
}

static int sign_committed(struct ledger *l)
{
	int err = ledger_sign(l);

	if (err)
		return ledger_say(err, "Signing a checkpoint failed: %s.", sy_strerror(err));
	ledger_publish(l);
	if (l->o.read_only)
		return SY_OK;
	if ((err = head_write(l)))
		return ledger_say(err, "%s/head can't be written: %s.", l->dir, sy_strerror(err));
	return SY_OK;
}

int ledger_open(const struct ledger_options *o, struct ledger **out, const char **why)
{
	static int (*const steps[])(struct ledger * l) = {
	    ledger_dir, ledger_lock, ledger_keys,         ledger_truth,   ledger_load,
	    head_check, open_salts,  check_newest_record, sign_committed,
	};
	struct ledger *l = NULL;
	int err;

	*why = said;
	*out = NULL;
	if ((err = ledger_new(o, &l)))
		goto err0;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if ((err = steps[i](l)))
			goto err0;
	*out = l;
	return SY_OK;
err0:
	ledger_close(l);
	return err;
}
