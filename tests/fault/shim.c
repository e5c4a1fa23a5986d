/*
 * A disk that fails when it is told to: preloaded into the daemon, it counts the system calls that
 * change files under one folder and lets the Nth of them fail, or kills the process there.
 *
 *   FAULT_DIR      the folder
 *   FAULT_CONTROL  a file of struct control, shared with the driver, who arms and reads it
 *
 * Syncs aren't handed to the kernel, which makes a round quick: a killed process loses nothing that
 * was written.  What a power cut would lose is kept here instead: the former content of every
 * 512-byte sector since its file was last synced, and the names that changed since their folder
 * was.  A cut puts a pseudo-random part of that back and kills the process.  Of several versions of
 * a sector any may survive, of the names a beginning of what happened.
 *
 * A write that was mapped would escape; LMDB maps its data file for reading only, and its lock file
 * means nothing to the next process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SECTOR = 512, FDS = 4096, PATH = 1024 };

/* Kinds as the driver numbers them. */
enum kind {
	NONE,
	FULL,   /* ENOSPC */
	BROKEN, /* EIO */
	INTR,   /* EINTR, where that is legal */
	SHORT,  /* half of a write */
	KILL,   /* before the call */
	KILLED, /* after it */
	CUT,    /* the power fails in it, or after the end when N is never reached */
	LOST,   /* a sync fails and what it was to keep never reaches the disk */
	WATCH   /* counts what KILL would count */
};

enum call { WRITE = 1, SYNC = 2, ALLOCATE = 4, TRUNCATE = 8, NAME = 16, REMOVE = 32 };

static const unsigned calls_of[] = {
    [FULL] = WRITE | SYNC | ALLOCATE | TRUNCATE | NAME,
    [BROKEN] = WRITE | SYNC | ALLOCATE | TRUNCATE | NAME | REMOVE,
    [INTR] = WRITE | SYNC | ALLOCATE | TRUNCATE,
    [SHORT] = WRITE,
    [KILL] = ~0u,
    [KILLED] = ~0u,
    [CUT] = ~0u,
    [LOST] = SYNC,
    [WATCH] = ~0u,
};
static const int errno_of[] = {
    [FULL] = ENOSPC, [BROKEN] = EIO, [INTR] = EINTR, [LOST] = EIO, [WATCH] = 0};

struct control {
	uint32_t kind, armed;
	uint64_t nth, times; /* from the Nth on, so many */
	uint64_t seed;
	int64_t clock_ms; /* added to the real-time clock */
	int64_t boot_ms;  /* added to the one since boot */
	uint64_t count;   /* calls so far */
	uint32_t fired, pad;
	char only[64];  /* in the path; empty for every file */
	char what[128]; /* the first that failed */
};

/* One version of a sector that a later write covered. */
struct sector {
	struct file *file;
	uint64_t number;
	bool lost;
	uint8_t old[SECTOR];
};

struct file {
	dev_t dev;
	ino_t ino;
	int fd; /* ours, to look at what is there and to put it back */
	off_t synced;
	bool dir, sync_writes, scratch;
	char path[PATH];
	struct file *next;
};

/* One change of a name. */
struct change {
	enum { MADE, MOVED, REMOVED } what;
	bool lost, folder;
	char path[PATH], from[PATH], kept[PATH]; /* what was there before, under another name */
};

static struct control *control;
static char root[PATH], stash[PATH + 8];
static size_t root_n;
static struct file *files, *by_fd[FDS];
static bool dsync[FDS];
static struct sector *sectors;
static size_t n_sectors, cap_sectors;
static struct change *changes;
static size_t n_changes, cap_changes;
static unsigned n_stashed;
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) (__extension__(__typeof__(&name)) real(#name))

static void *real(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

/* --- what is touched ------------------------------------------------------------------------- */

static void absolute(int at, const char *path, char out[PATH])
{
	char link[64], base[PATH];
	ssize_t n;

	out[0] = 0;
	if (path[0] == '/') {
		snprintf(out, PATH, "%s", path);
		return;
	}
	snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
	if ((n = readlink(link, base, sizeof base - 1)) < 0)
		return;
	base[n] = 0;
	if (strcmp(path, ".") == 0)
		snprintf(out, PATH, "%s", base);
	else if ((size_t)snprintf(out, PATH, "%s/%s", base, path) >= PATH)
		out[0] = 0;
}

static bool ours(const char *path)
{
	return control && strncmp(path, root, root_n) == 0 &&
	       (path[root_n] == '/' || path[root_n] == 0);
}

static const char *short_name(const char *path)
{
	return path[root_n] ? path + root_n + 1 : ".";
}

static bool ends(const char *path, const char *tail)
{
	size_t n = strlen(path), m = strlen(tail);

	return n >= m && strcmp(path + n - m, tail) == 0;
}

static void remember(int fd, const char *path, int flags)
{
	char link[64], full[PATH];
	struct stat st;
	struct file *f;
	ssize_t n;

	if (fd < 0 || fd >= FDS)
		return;
	by_fd[fd] = NULL;
	if (!ours(path) || fstat(fd, &st))
		return;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if ((n = readlink(link, full, sizeof full - 1)) > 0)
		full[n] = 0;
	else
		snprintf(full, sizeof full, "%s", path);
	for (f = files; f; f = f->next)
		if (f->dev == st.st_dev && f->ino == st.st_ino)
			break;
	if (f == NULL) {
		if ((f = calloc(1, sizeof *f)) == NULL)
			abort();
		f->dev = st.st_dev;
		f->ino = st.st_ino;
		f->dir = S_ISDIR(st.st_mode);
		f->synced = st.st_size;
		f->scratch = ends(path, "lock.mdb");
		f->next = files;
		files = f;
		f->fd = f->dir || f->scratch ? -1 : REAL(open)(link, O_RDWR | O_CLOEXEC);
	}
	snprintf(f->path, sizeof f->path, "%s", full);
	if (flags & O_TRUNC) {
		size_t left = 0;
		f->synced = 0;
		for (size_t i = 0; i < n_sectors; i++)
			if (sectors[i].file != f)
				sectors[left++] = sectors[i];
		n_sectors = left;
	}
	by_fd[fd] = f;
	dsync[fd] = flags & O_DSYNC;
}

static struct file *file_of(int fd)
{
	return control && fd >= 0 && fd < FDS ? by_fd[fd] : NULL;
}

/* --- what a power cut may take back ---------------------------------------------------------- */

static void keep_sectors(struct file *f, uint64_t from, uint64_t n, bool lost)
{
	for (uint64_t s = from / SECTOR; n && f->fd >= 0 && s <= (from + n - 1) / SECTOR; s++) {
		struct sector *e;
		if (n_sectors == cap_sectors) {
			cap_sectors = cap_sectors ? 2 * cap_sectors : 1024;
			sectors = realloc(sectors, cap_sectors * sizeof *sectors);
			if (sectors == NULL)
				abort();
		}
		e = &sectors[n_sectors++];
		*e = (struct sector){.file = f, .number = s, .lost = lost};
		if (pread(f->fd, e->old, SECTOR, (off_t)(s * SECTOR)) < 0)
			abort();
	}
}

/* A sector that was written and synced again is safe, whatever was lost of it before. */
static bool rewritten(size_t i)
{
	for (size_t j = i + 1; j < n_sectors; j++)
		if (sectors[j].file == sectors[i].file && sectors[j].number == sectors[i].number &&
		    !sectors[j].lost)
			return true;
	return false;
}

static void synced(struct file *f)
{
	struct stat st;
	size_t n = 0;

	for (size_t i = 0; i < n_sectors; i++)
		if (sectors[i].file != f || (sectors[i].lost && !rewritten(i)))
			sectors[n++] = sectors[i];
	n_sectors = n;
	if (f->fd >= 0 && fstat(f->fd, &st) == 0)
		f->synced = st.st_size;
}

static bool in_folder(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/' && strchr(path + n + 1, '/') == NULL;
}

static void folder_synced(const char *folder)
{
	size_t n = 0;

	for (size_t i = 0; i < n_changes; i++)
		if (changes[i].lost || !in_folder(changes[i].path, folder))
			changes[n++] = changes[i];
	n_changes = n;
}

static struct change *change(int what, const char *path)
{
	struct change *c;

	/* what was lost under this name doesn't come back over something newer */
	for (size_t i = 0; i < n_changes; i++)
		if (changes[i].lost && strcmp(changes[i].path, path) == 0) {
			memmove(&changes[i], &changes[i + 1], (--n_changes - i) * sizeof *changes);
			i--;
		}
	if (n_changes == cap_changes) {
		cap_changes = cap_changes ? 2 * cap_changes : 16;
		changes = realloc(changes, cap_changes * sizeof *changes);
		if (changes == NULL)
			abort();
	}
	c = &changes[n_changes++];
	*c = (struct change){.what = what};
	snprintf(c->path, sizeof c->path, "%s", path);
	return c;
}

/* Another name for what a rename or an unlink is about to take away. */
static void keep_name(const char *path, char kept[PATH])
{
	REAL(mkdir)(stash, 0700);
	snprintf(kept, PATH, "%.900s/%u", stash, n_stashed++);
	if (link(path, kept))
		kept[0] = 0;
}

static void take_back(const struct change *c)
{
	switch (c->what) {
	case MADE:
		if (c->folder ? rmdir(c->path) : REAL(unlink)(c->path))
			if (errno != ENOENT)
				dprintf(2, "fault: %s stays: %s\n", c->path, strerror(errno));
		break;
	case MOVED:
		REAL(rename)(c->path, c->from);
		/* fall through */
	case REMOVED:
		if (c->kept[0])
			REAL(rename)(c->kept, c->path);
	}
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Has a newer version of this sector been let stand? */
static bool stands(const bool *kept, size_t i)
{
	for (size_t j = i + 1; j < n_sectors; j++)
		if (kept[j] && sectors[j].file == sectors[i].file &&
		    sectors[j].number == sectors[i].number)
			return true;
	return false;
}

static void put_back_sectors(uint64_t seed, bool only_lost)
{
	bool *kept = calloc(n_sectors + 1, 1);
	/* all, none, one in two, most, few of what wasn't synced */
	static const unsigned odds[] = {0, 256, 128, 224, 32};
	unsigned odd = odds[next_random(&seed) % 5];

	for (size_t i = n_sectors; kept && i-- > 0;) {
		const struct sector *s = &sectors[i];
		kept[i] = only_lost ? !s->lost : next_random(&seed) % 256 < odd;
		if (!kept[i] && !stands(kept, i) &&
		    REAL(pwrite)(s->file->fd, s->old, SECTOR, (off_t)(s->number * SECTOR)) < 0)
			abort();
	}
	for (struct file *f = files; f && !only_lost; f = f->next) {
		bool whole = odd && next_random(&seed) & 1;
		if (f->fd >= 0 && !whole && REAL(ftruncate)(f->fd, f->synced))
			abort();
	}
	free(kept);
}

static void put_back(uint64_t seed, bool only_lost)
{
	size_t from = 0;

	put_back_sectors(seed, only_lost);
	if (!only_lost && n_changes)
		from = next_random(&seed) % (n_changes + 1);
	for (size_t i = n_changes; i-- > from;)
		if (!only_lost || changes[i].lost)
			take_back(&changes[i]);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* --- when ------------------------------------------------------------------------------------ */

static void report(const char *call, const char *path)
{
	if (control->fired++ == 0)
		snprintf(control->what, sizeof control->what, "%s %.80s", call, short_name(path));
}

/* Under mu: is this call the one?  NONE, or what shall happen; the rest happens here. */
static enum kind now(enum call class, const char *call, const char *path)
{
	enum kind kind;

	if (!control->armed || control->kind == NONE || !(calls_of[kind = control->kind] & class) ||
	    (control->only[0] && strstr(short_name(path), control->only) == NULL))
		return NONE;
	control->count++;
	if (kind == WATCH || control->count < control->nth ||
	    control->count - control->nth >= control->times)
		return NONE;
	report(call, path);
	if (kind == KILL)
		die();
	return kind;
}

/* After the call was made, or as good as made. */
static void afterwards(enum kind kind)
{
	if (kind == CUT)
		put_back(control->seed, false);
	if (kind == CUT || kind == KILLED)
		die();
}

static bool fails(enum kind kind)
{
	if (kind != FULL && kind != BROKEN && kind != INTR && kind != LOST)
		return false;
	errno = errno_of[kind];
	return true;
}

static void begin(void) __attribute__((constructor));
static void begin(void)
{
	const char *dir = getenv("FAULT_DIR"), *path = getenv("FAULT_CONTROL");
	int fd;

	if (dir == NULL || path == NULL)
		return;
	root_n = (size_t)snprintf(root, sizeof root, "%s", dir);
	snprintf(stash, sizeof stash, "%s.stash", root);
	if ((fd = REAL(open)(path, O_RDWR | O_CLOEXEC)) < 0)
		abort();
	control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		abort();
	close(fd);
}

/* The power fails right after the end; or what was lost is found missing by whoever comes next. */
static void end(void) __attribute__((destructor));
static void end(void)
{
	if (control == NULL || !control->armed)
		return;
	if (control->kind == CUT && !control->fired) {
		snprintf(control->what, sizeof control->what, "after the end");
		control->fired++;
		put_back(control->seed, false);
	} else if (control->kind == LOST && control->fired)
		put_back(control->seed, true);
}

/* --- the calls ------------------------------------------------------------------------------- */

static int do_open(int at, const char *path, int flags, mode_t mode)
{
	static int (*openat_)(int, const char *, int, ...);
	char full[PATH];
	enum kind kind = NONE;
	int fd;
	bool makes;

	if (openat_ == NULL)
		openat_ = REAL(openat);
	if (control == NULL)
		return openat_(at, path, flags, mode);
	absolute(at, path, full);
	if (!ours(full))
		return openat_(at, path, flags, mode);
	pthread_mutex_lock(&mu);
	makes = flags & O_CREAT && access(full, F_OK);
	if (makes)
		kind = now(NAME, "open", full);
	if (fails(kind)) {
		pthread_mutex_unlock(&mu);
		return -1;
	}
	fd = openat_(at, path, flags, mode);
	remember(fd, full, flags);
	if (makes && fd >= 0 && !ends(full, "lock.mdb"))
		change(MADE, full);
	afterwards(kind);
	pthread_mutex_unlock(&mu);
	return fd;
}

static mode_t mode_of(int flags, va_list ap)
{
	return flags & O_CREAT ? (mode_t)va_arg(ap, int) : 0;
}

#define OPEN(name)                                           \
	int name(const char *path, int flags, ...)           \
	{                                                    \
		va_list ap;                                  \
		mode_t mode;                                 \
                                                             \
		va_start(ap, flags);                         \
		mode = mode_of(flags, ap);                   \
		va_end(ap);                                  \
		return do_open(AT_FDCWD, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                       \
	int name(int at, const char *path, int flags, ...) \
	{                                                  \
		va_list ap;                                \
		mode_t mode;                               \
                                                           \
		va_start(ap, flags);                       \
		mode = mode_of(flags, ap);                 \
		va_end(ap);                                \
		return do_open(at, path, flags, mode);     \
	}
OPENAT(openat)
OPENAT(openat64)

int close(int fd)
{
	static int (*close_)(int);

	if (close_ == NULL)
		close_ = REAL(close);
	if (file_of(fd)) {
		pthread_mutex_lock(&mu);
		by_fd[fd] = NULL;
		pthread_mutex_unlock(&mu);
	}
	return close_(fd);
}

/* Makes the write, all or half of it; where a sync comes with it, that may be what fails. */
static ssize_t do_write(struct file *f, int fd, const void *p, size_t n, off_t at, const char *call)
{
	static ssize_t (*pwrite_)(int, const void *, size_t, off_t);
	enum kind kind;
	ssize_t done;

	if (pwrite_ == NULL)
		pwrite_ = REAL(pwrite);
	kind = now(dsync[fd] ? WRITE | SYNC : WRITE, dsync[fd] ? "pwrite+sync" : call, f->path);
	if (kind != LOST && fails(kind))
		return -1;
	if (kind == SHORT && n > 1)
		n /= 2;
	keep_sectors(f, (uint64_t)at, n, kind == LOST);
	done = pwrite_(fd, p, n, at);
	if (dsync[fd] && kind == NONE)
		synced(f);
	afterwards(kind);
	if (kind == LOST)
		done = fails(kind) ? -1 : done;
	return done;
}

#define PWRITE(name)                                            \
	ssize_t name(int fd, const void *p, size_t n, off_t at) \
	{                                                       \
		struct file *f = file_of(fd);                   \
		ssize_t done;                                   \
                                                                \
		if (f == NULL)                                  \
			return REAL(pwrite)(fd, p, n, at);      \
		pthread_mutex_lock(&mu);                        \
		done = do_write(f, fd, p, n, at, "pwrite");     \
		pthread_mutex_unlock(&mu);                      \
		return done;                                    \
	}
PWRITE(pwrite)
PWRITE(pwrite64)

static void advance(int fd, off_t at, ssize_t done)
{
	int e = errno;

	if (done > 0)
		lseek(fd, at + done, SEEK_SET);
	errno = e;
}

ssize_t write(int fd, const void *p, size_t n)
{
	static ssize_t (*write_)(int, const void *, size_t);
	struct file *f = file_of(fd);
	ssize_t done;
	off_t at;

	if (write_ == NULL)
		write_ = REAL(write);
	if (f == NULL)
		return write_(fd, p, n);
	pthread_mutex_lock(&mu);
	at = lseek(fd, 0, SEEK_CUR);
	advance(fd, at, done = do_write(f, fd, p, n, at, "write"));
	pthread_mutex_unlock(&mu);
	return done;
}

/* One call for all of them, so that half of it may end anywhere. */
static ssize_t gather(struct file *f, int fd, const struct iovec *v, int count, off_t at,
		      const char *call)
{
	size_t n = 0;
	ssize_t done;
	char *all;

	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	if ((all = malloc(n + 1)) == NULL)
		abort();
	n = 0;
	for (int i = 0; i < count; i++) {
		memcpy(all + n, v[i].iov_base, v[i].iov_len);
		n += v[i].iov_len;
	}
	done = do_write(f, fd, all, n, at, call);
	free(all);
	return done;
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
	struct file *f = file_of(fd);
	ssize_t done;
	off_t at;

	if (f == NULL)
		return REAL(writev)(fd, v, count);
	pthread_mutex_lock(&mu);
	at = lseek(fd, 0, SEEK_CUR);
	advance(fd, at, done = gather(f, fd, v, count, at, "writev"));
	pthread_mutex_unlock(&mu);
	return done;
}

#define PWRITEV(name)                                                    \
	ssize_t name(int fd, const struct iovec *v, int count, off_t at) \
	{                                                                \
		struct file *f = file_of(fd);                            \
		ssize_t done;                                            \
                                                                         \
		if (f == NULL)                                           \
			return REAL(pwritev)(fd, v, count, at);          \
		pthread_mutex_lock(&mu);                                 \
		done = gather(f, fd, v, count, at, "pwritev");           \
		pthread_mutex_unlock(&mu);                               \
		return done;                                             \
	}
PWRITEV(pwritev)
PWRITEV(pwritev64)

static void lose(struct file *f)
{
	for (size_t i = 0; i < n_sectors; i++)
		sectors[i].lost |= sectors[i].file == f;
	for (size_t i = 0; f->dir && i < n_changes; i++)
		changes[i].lost |= in_folder(changes[i].path, f->path);
}

static int do_sync(struct file *f, const char *call)
{
	enum kind kind;
	int rc = 0;

	pthread_mutex_lock(&mu);
	kind = now(SYNC, call, f->path);
	if (kind == LOST)
		lose(f);
	if (fails(kind))
		rc = -1;
	else if (kind != CUT) {
		if (f->dir)
			folder_synced(f->path);
		else
			synced(f);
	}
	afterwards(kind);
	pthread_mutex_unlock(&mu);
	return rc;
}

int fsync(int fd)
{
	struct file *f = file_of(fd);

	return f ? do_sync(f, "fsync") : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	struct file *f = file_of(fd);

	return f ? do_sync(f, "fdatasync") : REAL(fdatasync)(fd);
}

#define TRUNCATE_(name)                                     \
	int name(int fd, off_t n)                           \
	{                                                   \
		struct file *f = file_of(fd);               \
		enum kind kind;                             \
		int rc = -1;                                \
                                                            \
		if (f == NULL)                              \
			return REAL(ftruncate)(fd, n);      \
		pthread_mutex_lock(&mu);                    \
		kind = now(TRUNCATE, "ftruncate", f->path); \
		if (!fails(kind))                           \
			rc = REAL(ftruncate)(fd, n);        \
		afterwards(kind);                           \
		pthread_mutex_unlock(&mu);                  \
		return rc;                                  \
	}
TRUNCATE_(ftruncate)
TRUNCATE_(ftruncate64)

#define FALLOCATE(name)                                            \
	int name(int fd, int mode, off_t from, off_t n)            \
	{                                                          \
		struct file *f = file_of(fd);                      \
		enum kind kind;                                    \
		int rc = -1;                                       \
                                                                   \
		if (f == NULL)                                     \
			return REAL(fallocate)(fd, mode, from, n); \
		pthread_mutex_lock(&mu);                           \
		kind = now(ALLOCATE, "fallocate", f->path);        \
		if (!fails(kind))                                  \
			rc = REAL(fallocate)(fd, mode, from, n);   \
		afterwards(kind);                                  \
		pthread_mutex_unlock(&mu);                         \
		return rc;                                         \
	}
FALLOCATE(fallocate)
FALLOCATE(fallocate64)

static int do_rename(int at, const char *from, int to_at, const char *to)
{
	char a[PATH], b[PATH], kept[PATH] = "";
	enum kind kind;
	int rc = -1;

	absolute(at, from, a);
	absolute(to_at, to, b);
	if (!ours(b))
		return REAL(renameat)(at, from, to_at, to);
	pthread_mutex_lock(&mu);
	kind = now(NAME, "rename", b);
	if (!fails(kind)) {
		struct change *c;
		keep_name(b, kept);
		if ((rc = REAL(renameat)(at, from, to_at, to)) == 0) {
			c = change(MOVED, b);
			memcpy(c->from, a, sizeof a);
			memcpy(c->kept, kept, sizeof kept);
		}
	}
	afterwards(kind);
	pthread_mutex_unlock(&mu);
	return rc;
}

int rename(const char *from, const char *to)
{
	return do_rename(AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int at, const char *from, int to_at, const char *to)
{
	return control ? do_rename(at, from, to_at, to) : REAL(renameat)(at, from, to_at, to);
}

static int do_unlink(int at, const char *path, int flags)
{
	char full[PATH], kept[PATH] = "";
	enum kind kind;
	int rc = -1;

	absolute(at, path, full);
	if (!ours(full))
		return REAL(unlinkat)(at, path, flags);
	pthread_mutex_lock(&mu);
	kind = access(full, F_OK) ? NONE : now(REMOVE, "unlink", full);
	if (!fails(kind)) {
		if (!(flags & AT_REMOVEDIR) && !ends(full, "lock.mdb"))
			keep_name(full, kept);
		if ((rc = REAL(unlinkat)(at, path, flags)) == 0 && kept[0])
			memcpy(change(REMOVED, full)->kept, kept, sizeof kept);
	}
	afterwards(kind);
	pthread_mutex_unlock(&mu);
	return rc;
}

int unlink(const char *path)
{
	return control ? do_unlink(AT_FDCWD, path, 0) : REAL(unlink)(path);
}

int unlinkat(int at, const char *path, int flags)
{
	return control ? do_unlink(at, path, flags) : REAL(unlinkat)(at, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
	static int (*mkdir_)(const char *, mode_t);
	char full[PATH];
	enum kind kind;
	int rc = -1;

	if (mkdir_ == NULL)
		mkdir_ = REAL(mkdir);
	if (control == NULL)
		return mkdir_(path, mode);
	absolute(AT_FDCWD, path, full);
	if (!ours(full) || access(full, F_OK) == 0)
		return mkdir_(path, mode);
	pthread_mutex_lock(&mu);
	kind = now(NAME, "mkdir", full);
	if (!fails(kind) && (rc = mkdir_(path, mode)) == 0)
		change(MADE, full)->folder = true;
	afterwards(kind);
	pthread_mutex_unlock(&mu);
	return rc;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*clock_)(clockid_t, struct timespec *);
	int rc;

	if (clock_ == NULL)
		clock_ = REAL(clock_gettime);
	rc = clock_(id, t);
	if (rc == 0 && control && (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME)) {
		int64_t ms = (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000 +
			     (id == CLOCK_REALTIME ? control->clock_ms : control->boot_ms);
		t->tv_sec = ms / 1000;
		t->tv_nsec = ms % 1000 * 1000000 + t->tv_nsec % 1000000;
	}
	return rc;
}
