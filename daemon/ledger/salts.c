#include "unseal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int salts_open(struct ledger *l, bool create)
{
	int flags = O_CLOEXEC | (l->o.read_only ? O_RDONLY : O_RDWR);
	struct stat st;

	if (create)
		flags |= O_CREAT | O_EXCL;
	l->salts_fd = openat(l->dir_fd, "salts", flags, 0600);
	if (l->salts_fd < 0 && errno == ENOENT)
		return ledger_say(SY_ECORRUPT,
				  "%s/salts is missing: without it no record can be "
				  "read.  Restore it from a backup made together with "
				  "truth/, or a later one.",
				  l->dir);
	if (l->salts_fd < 0 || fstat(l->salts_fd, &st))
		return ledger_say(SY_EIO, "%s/salts can't be opened: %s.", l->dir, strerror(errno));
	/* The salts are synced before their records are committed: a longer file is a kill between
	 * the two, a shorter one can't come from us. */
	if ((uint64_t)st.st_size / SY_SALT_SIZE < l->last.records)
		return ledger_say(
		    SY_ECORRUPT,
		    "%s/salts ends after %llu of %llu salts: restore it from a backup "
		    "made together with truth/, or a later one.",
		    l->dir, (unsigned long long)st.st_size / SY_SALT_SIZE,
		    (unsigned long long)l->last.records);
	return SY_OK;
}

int salts_read(const struct ledger *l, uint64_t number, uint8_t salt[SY_SALT_SIZE])
{
	return pread_all(l->salts_fd, salt, SY_SALT_SIZE, number * SY_SALT_SIZE);
}

int salts_run(const struct ledger *l, struct salts_run *run, uint64_t limit, uint64_t number,
	      uint8_t salt[SY_SALT_SIZE])
{
	const uint64_t most = sizeof run->v / sizeof run->v[0];
	int err;

	if (number >= limit)
		return SY_ERANGE;
	if (number - run->from >= run->n) {
		uint64_t n = limit - number < most ? limit - number : most;
		run->n = 0;
		if ((err = pread_all(l->salts_fd, run->v, n * SY_SALT_SIZE, number * SY_SALT_SIZE)))
			return err;
		run->from = number;
		run->n = n;
	}
	memcpy(salt, run->v[number - run->from], SY_SALT_SIZE);
	return SY_OK;
}

int salts_append(struct ledger *l, uint64_t first, const void *salts, size_t n)
{
	int err = fault_at(POINT_SALTS);

	if (err == SY_OK)
		err = pwrite_all(l->salts_fd, salts, n, first * SY_SALT_SIZE);
	if (err == SY_OK && fdatasync(l->salts_fd))
		err = SY_EIO;
	return err;
}

bool salt_erased(const uint8_t salt[SY_SALT_SIZE])
{
	/* A record's own salt is all zeros once in 2^128. */
	return sodium_is_zero(salt, SY_SALT_SIZE);
}

int ledger_erase(struct ledger *l, uint64_t number)
{
	static const uint8_t zeros[SY_SALT_SIZE];
	struct ledger_head h;
	int err;

	ledger_head(l, &h);
	if (number >= h.records)
		return SY_ENOTFOUND;
	if (l->o.read_only)
		return SY_EHALT;
	err = pwrite_all(l->salts_fd, zeros, sizeof zeros, number * SY_SALT_SIZE);
	return err == SY_OK && fdatasync(l->salts_fd) ? SY_EIO : err;
}

void seal_text(const sy_hash *leaf, uint8_t out[SEAL_TEXT])
{
	memcpy(out, "suyuan/seal/v1", SEAL_TEXT - SY_HASH_SIZE);
	memcpy(out + SEAL_TEXT - SY_HASH_SIZE, leaf->b, SY_HASH_SIZE);
}

/*
 * The nonce may be zero because no key is used twice: an author who sends the same salt with two
 * texts gets two leaf hashes, thus two keys.
 */
void seal(const uint8_t salt[SY_SALT_SIZE], const sy_hash *leaf, struct sy_str in, void *out)
{
	static const uint8_t nonce[crypto_stream_xchacha20_NONCEBYTES];
	uint8_t text[SEAL_TEXT], key[crypto_stream_xchacha20_KEYBYTES];

	seal_text(leaf, text);
	crypto_generichash(key, sizeof key, text, sizeof text, salt, SY_SALT_SIZE);
	crypto_stream_xchacha20_xor(out, (const uint8_t *)in.p, in.n, nonce, key);
	sodium_memzero(key, sizeof key);
}

/* --- blocks ahead of need -------------------------------------------------------------------- */

/* Steps: rare calls for a ledger that grows, little waste for one that doesn't. */
static uint64_t step(uint64_t used)
{
	const uint64_t least = (uint64_t)1 << 20, most = (uint64_t)64 << 20;

	return used / 4 < least ? least : used / 4 > most ? most : used / 4;
}

static int allocate(int fd, uint64_t from, uint64_t n)
{
	int rc;

	do
		rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)n);
	while (rc && errno == EINTR);
	return rc ? errno : 0;
}

/* ROOM is what may be taken of the disk; a step ahead of need is taken only of that. */
static int reserve(int fd, uint64_t *reserved, uint64_t used, uint64_t need, uint64_t *room)
{
	uint64_t ahead = step(used), had = *reserved > used ? *reserved - used : 0;
	int rc;

	if (need <= had)
		return SY_OK;
	if (need - had > *room)
		return SY_ENOSPC;
	if (need + ahead - had > *room)
		ahead = 0;
	need += ahead;
	if ((rc = allocate(fd, used, need)) == ENOSPC || rc == EDQUOT) {
		need -= ahead;
		rc = allocate(fd, used, need);
	}
	switch (rc) {
	case 0:
		*room -= need - had < *room ? need - had : *room;
		*reserved = used + need;
		return SY_OK;
	case EOPNOTSUPP:
	case ENOSYS:
		/* This file system promises nothing; a full disk then fails the commit. */
		*reserved = UINT64_MAX;
		return SY_OK;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return SY_ENOSPC;
	default:
		return SY_EIO;
	}
}

static int look_at(const struct ledger *l, struct disk *d)
{
	struct statvfs fs;

	if (fstatvfs(l->salts_fd, &fs))
		return SY_EIO;
	*d = (struct disk){.seen = true,
			   .all = (uint64_t)fs.f_blocks * fs.f_frsize,
			   .left = (uint64_t)fs.f_bavail * fs.f_frsize};
	return SY_OK;
}

/* The index shares the disk and can't say beforehand what its next commit takes.  Submissions are
 * turned away while there is still room for it, or it would have to wait with what they said. */
static int room_for(const struct ledger *l, const struct disk *d, uint64_t records, uint64_t *room)
{
	const uint64_t most = (uint64_t)256 << 20;
	uint64_t margin = d->all / 8 < most ? d->all / 8 : most;

	if (l->o.owed)
		margin += l->o.owed(l->o.ctx, records);
	if (d->left < margin)
		return SY_ENOSPC;
	*room = d->left - margin;
	return SY_OK;
}

static bool map_is_full(struct ledger *l, uint64_t truth_bytes)
{
	return kv_used(l->truth) + truth_bytes > kv_map(l->truth);
}

const char *disk_full(struct ledger *l)
{
	const uint64_t little = (uint64_t)1 << 20;
	struct disk disk = {.seen = false};
	uint64_t room = 0;

	if (map_is_full(l, little))
		return "truth is as large as truth-map allows: raise it and start again";
	if ((look_at(l, &disk) == SY_OK && room_for(l, &disk, 1, &room) == SY_ENOSPC) ||
	    (l->disk_refused && room < little))
		return "the disk is full, but for what is kept for the index: make room";
	return NULL;
}

int disk_reserve(struct ledger *l, struct disk *d, uint64_t truth_bytes, uint64_t records)
{
	int err = fault_at(POINT_RESERVE);
	uint64_t room = 0, before;

	if (err == SY_OK && map_is_full(l, truth_bytes))
		err = SY_ENOSPC;
	if (err == SY_OK && !d->seen)
		err = look_at(l, d);
	if (err == SY_OK)
		err = room_for(l, d, records, &room);
	before = room;
	if (err == SY_OK)
		err = reserve(kv_fd(l->truth), &l->truth_reserved, kv_used(l->truth), truth_bytes,
			      &room);
	if (err == SY_OK)
		err = reserve(l->salts_fd, &l->salts_reserved, l->last.records * SY_SALT_SIZE,
			      records * SY_SALT_SIZE, &room);
	d->left -= before - room;
	l->disk_refused = err == SY_ENOSPC;
	return err;
}
