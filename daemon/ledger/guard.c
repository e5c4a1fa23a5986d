#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- the head file --------------------------------------------------------------------------- */

#define BETTER                                                                                    \
	"an empty file of that name says that you know better, at the price that receipts given " \
	"since may contradict the ledger."

static int head_read(struct ledger *l, char text[SY_NOTE_MAX], size_t *n)
{
	int fd = openat(l->dir_fd, "head", O_RDONLY | O_CLOEXEC), err;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return ledger_say(
		    SY_EROLLBACK,
		    "%s/head is missing: it says what was already published.  Restore it; " BETTER,
		    l->dir);
	if (fd < 0 || fstat(fd, &st)) {
		err = ledger_say(SY_EIO, "%s/head can't be read: %s.", l->dir, strerror(errno));
		goto err0;
	}
	*n = st.st_size < SY_NOTE_MAX ? (size_t)st.st_size : SY_NOTE_MAX;
	if ((err = pread_all(fd, text, *n, 0)))
		ledger_say(err, "%s/head can't be read.", l->dir);
err0:
	if (fd >= 0)
		close(fd);
	return err;
}

static int head_extended(struct ledger *l, const struct sy_checkpoint *c)
{
	struct ledger_read r;
	sy_hash root;
	int err;

	if (c->size > l->last.entries)
		return ledger_say(
		    SY_EROLLBACK,
		    "%s/truth has %llu entries, but %llu were published already: this is an "
		    "older copy.  Restore a newer one.  If there is none, what is missing "
		    "is lost and a ledger that goes on from here contradicts receipts that "
		    "people hold: begin a new ledger instead.",
		    l->dir, (unsigned long long)l->last.entries, (unsigned long long)c->size);
	if ((err = read_committed(l, &r)))
		return ledger_say(err, "%s/truth can't be read: %s.", l->dir, sy_strerror(err));
	err = ledger_root(&r, c->size, &root);
	ledger_read_end(&r);
	if (err)
		return ledger_say(err, "%s/truth: the tree can't be read: %s.", l->dir,
				  sy_strerror(err));
	if (!sy_hash_eq(&root, &c->root))
		return ledger_say(
		    SY_EROLLBACK,
		    "%s/truth isn't the ledger that was published: at %llu entries its root "
		    "is another than the one in %s/head.  Restore the copy that belongs to "
		    "it.",
		    l->dir, (unsigned long long)c->size, l->dir);
	return SY_OK;
}

int head_check(struct ledger *l)
{
	char text[SY_NOTE_MAX];
	struct sy_checkpoint c;
	size_t n = 0;
	int err = head_read(l, text, &n);

	if (err || n == 0)
		return err;
	if ((err = sy_checkpoint_parse((struct sy_str){text, n}, &c)) ||
	    (err = sy_checkpoint_verify(&c, &l->vkey)))
		return ledger_say(
		    SY_ECORRUPT,
		    "%s/head isn't a checkpoint signed with log.key (%s): restore the two "
		    "and truth/ from one place.  If head alone is damaged, " BETTER,
		    l->dir, sy_strerror(err));
	return head_extended(l, &c);
}

static int disk_error(void)
{
	return errno == ENOSPC || errno == EDQUOT ? SY_ENOSPC : SY_EIO;
}

int head_write(struct ledger *l)
{
	int fd, err = fault_at(POINT_HEAD);

	if (err)
		return err;
	fd = openat(l->dir_fd, "head.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return disk_error();
	err = pwrite_all(fd, l->note.p, l->note.n, 0);
	if (err == SY_OK && fsync(fd))
		err = disk_error();
	close(fd);
	if (err == SY_OK &&
	    (renameat(l->dir_fd, "head.new", l->dir_fd, "head") || fsync(l->dir_fd)))
		err = disk_error();
	if (err)
		return err;
	l->head_dirty = false;
	l->head_at = l->clock.boot(l->clock.ctx);
	return SY_OK;
}

/* --- the clock ------------------------------------------------------------------------------- */

static uint64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t real_ms(void *ctx)
{
	(void)ctx;
	return clock_ms(CLOCK_REALTIME);
}

static uint64_t boot_ms(void *ctx)
{
	(void)ctx;
	return clock_ms(CLOCK_BOOTTIME);
}

const struct ledger_clock system_clock = {real_ms, boot_ms, NULL};

bool clock_good(struct ledger *l)
{
	const int64_t behind_most = 5000, jump_most = 60000;
	int64_t real = (int64_t)l->clock.real(l->clock.ctx);
	int64_t offset = real - (int64_t)l->clock.boot(l->clock.ctx);
	int64_t jump = l->clock_seen ? offset - l->clock_offset : 0;

	l->clock_bad = true;
	if (jump > jump_most || jump < -jump_most)
		l->clock_why =
		    "the clock has jumped by more than 60 s: set it right, or restart if it "
		    "is right now";
	else if (real + behind_most < (int64_t)l->last_time)
		l->clock_why = "the clock is more than 5 s behind the newest entry: set it right";
	else
		l->clock_bad = false;
	/* What jumped stays distrusted until it comes back: the last good offset is kept. */
	if (jump >= -jump_most && jump <= jump_most) {
		l->clock_offset = offset;
		l->clock_seen = true;
	}
	return !l->clock_bad;
}
