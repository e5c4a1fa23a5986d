/*
 * truth/sums: eight bytes a page of data.mdb, written at a clean stop.
 *
 * Everything a ledger says is checked by its own hashes and signatures.  What LMDB leaves unused
 * (tails of pages, free pages, the older description of the file) says nothing, but a byte that
 * changed there tells of a disk or a hand that can't be trusted either.
 *
 *   "SYSUMS2\n", then u64 each: transaction, page size, pages, volatile pages
 *   u64 a page: the sum over its 32-bit words, each multiplied by a random odd number of its place,
 *     modulo 2^64; a change of one word never gives the same sum, any other once in 2^32
 *   u64 a volatile page: its number; what the next stop has to add up again (pages.h)
 *   32 bytes: BLAKE2b of all before
 *
 * Integers are the machine's, as in data.mdb itself.  While a writer runs the file is called
 * sums.old: it is what the next stop starts from, and a check knows that nothing was added up since
 * a kill.
 */
#include "pages.h"

#include <suyuan/walk.h>

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGEST = 32 };
static const char MAGIC[8] = "SYSUMS2\n";

struct header {
	char magic[8];
	uint64_t txn, page_size, pages, n_volatile;
};

struct sums {
	struct header h;
	uint64_t *page, *vol;
	size_t cap_vol;
	bool failed;
};

static void sums_free(struct sums *s)
{
	free(s->page);
	free(s->vol);
}

/* --- adding up ------------------------------------------------------------------------------- */

static uint64_t factors[PAGE_SIZE_MAX / 4];

static void make_factors(void)
{
	static const uint8_t seed[randombytes_SEEDBYTES] = "suyuan/page/sum";

	randombytes_buf_deterministic(factors, sizeof factors, seed);
	for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
		factors[i] |= 1;
}

static uint64_t sum_of(const struct pages *f, uint64_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const uint8_t *p = pages_at(f, n);
	uint64_t even = 0, odd = 0;

	pthread_once(&once, make_factors);
	for (size_t i = 0; i < f->page_size / 4; i += 2, p += 8) {
		uint64_t two;
		if (i % 16 == 0)
			__builtin_prefetch(p + f->page_size);
		memcpy(&two, p, sizeof two);
		even += (uint32_t)two * factors[i];
		odd += (two >> 32) * factors[i + 1];
	}
	return even + odd;
}

/* Pages FROM to TO, dealt to all cores. */
struct adding {
	const struct pages *f;
	uint64_t from, to;
	const uint64_t *expected; /* to compare with, or */
	uint64_t *sums;           /* to be filled; of all pages */
	struct pages_report *r;
	uint8_t other[SY_WALK_THREADS_MAX][1024]; /* page by page of a slice: its sum differs */
};
enum { SLICE = sizeof((struct adding *)NULL)->other[0] };

static int add_slice(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	struct adding *a = ctx;
	uint64_t from = a->from + slice * SLICE;

	(void)thread;
	for (uint64_t i = from; i < from + SLICE && i < a->to; i++) {
		uint64_t sum = sum_of(a->f, i);
		if (a->sums)
			a->sums[i] = sum;
		else
			a->other[slot][i - from] = a->expected[i] != sum;
	}
	return SY_OK;
}

static int tell_slice(void *ctx, unsigned slot, uint64_t slice)
{
	struct adding *a = ctx;
	uint64_t from = a->from + slice * SLICE;

	for (uint64_t i = from; i < from + SLICE && i < a->to; i++)
		if (a->other[slot][i - from])
			pages_fault(a->r, "page %llu: has changed since the ledger was stopped",
				    (unsigned long long)i);
	return SY_OK;
}

static int add_up(struct adding *a, unsigned threads)
{
	struct sy_walk w = {.slices = (a->to - a->from + SLICE - 1) / SLICE,
			    .threads = threads,
			    .slots = SY_WALK_THREADS_MAX,
			    .work = add_slice,
			    .fold = a->sums ? NULL : tell_slice,
			    .ctx = a};

	return sy_walk(&w);
}

/* --- the file -------------------------------------------------------------------------------- */

static void digest_of(const struct sums *s, uint8_t out[DIGEST])
{
	crypto_generichash_state st;

	crypto_generichash_init(&st, NULL, 0, DIGEST);
	crypto_generichash_update(&st, (const uint8_t *)&s->h, sizeof s->h);
	crypto_generichash_update(&st, (const uint8_t *)s->page, s->h.pages * 8);
	crypto_generichash_update(&st, (const uint8_t *)s->vol, s->h.n_volatile * 8);
	crypto_generichash_final(&st, out, DIGEST);
}

static int open_file(const char *dir, const char *name, int flags)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof path, "%s/truth/%s", dir, name) >= sizeof path)
		return -1;
	return open(path, flags | O_CLOEXEC, 0600);
}

static int read_body(int fd, uint64_t size, struct sums *s)
{
	uint8_t digest[DIGEST], expected[DIGEST];
	int err;

	if (size < sizeof s->h + DIGEST || pread_all(fd, &s->h, sizeof s->h, 0))
		return SY_ECORRUPT;
	if (memcmp(s->h.magic, MAGIC, sizeof MAGIC) != 0 || s->h.pages > size / 8 ||
	    s->h.n_volatile > size / 8 ||
	    size != sizeof s->h + 8 * (s->h.pages + s->h.n_volatile) + DIGEST)
		return SY_ECORRUPT;
	s->page = malloc(8 * s->h.pages + 1);
	s->vol = malloc(8 * s->h.n_volatile + 1);
	if (s->page == NULL || s->vol == NULL)
		return SY_ENOMEM;
	if ((err = pread_all(fd, s->page, 8 * s->h.pages, sizeof s->h)) ||
	    (err = pread_all(fd, s->vol, 8 * s->h.n_volatile, sizeof s->h + 8 * s->h.pages)) ||
	    (err = pread_all(fd, digest, DIGEST, size - DIGEST)))
		return err;
	digest_of(s, expected);
	return memcmp(digest, expected, DIGEST) == 0 ? SY_OK : SY_ECORRUPT;
}

static int sums_read(const char *dir, const char *name, struct sums *s)
{
	int fd = open_file(dir, name, O_RDONLY), err;
	struct stat st;

	*s = (struct sums){0};
	if (fd < 0)
		return SY_ENOTFOUND;
	err = fstat(fd, &st) ? SY_EIO : read_body(fd, (uint64_t)st.st_size, s);
	close(fd);
	if (err) {
		sums_free(s);
		*s = (struct sums){0};
	}
	return err;
}

static int write_body(int fd, const struct sums *s)
{
	uint64_t at = sizeof s->h;
	uint8_t digest[DIGEST];
	int err;

	digest_of(s, digest);
	if ((err = pwrite_all(fd, &s->h, sizeof s->h, 0)) ||
	    (err = pwrite_all(fd, s->page, 8 * s->h.pages, at)) ||
	    (err = pwrite_all(fd, s->vol, 8 * s->h.n_volatile, at += 8 * s->h.pages)) ||
	    (err = pwrite_all(fd, digest, DIGEST, at + 8 * s->h.n_volatile)))
		return err;
	return fsync(fd) ? SY_EIO : SY_OK;
}

static int move(const char *dir, const char *from, const char *to)
{
	char a[4096], b[4096];

	if ((size_t)snprintf(a, sizeof a, "%s/truth/%s", dir, from) >= sizeof a ||
	    (size_t)snprintf(b, sizeof b, "%s/truth/%s", dir, to) >= sizeof b)
		return SY_ERANGE;
	return rename(a, b) ? SY_EIO : sync_path(dir, "truth");
}

static void remove_in(const char *dir, const char *name)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof path, "%s/truth/%s", dir, name) < sizeof path)
		unlink(path);
}

static int sums_write(const char *dir, const struct sums *s)
{
	int fd = open_file(dir, "sums.new", O_WRONLY | O_CREAT | O_TRUNC), err;

	if (fd < 0)
		return SY_EIO;
	err = write_body(fd, s);
	close(fd);
	if (err || (err = move(dir, "sums.new", "sums"))) {
		remove_in(dir, "sums.new");
		return err;
	}
	remove_in(dir, "sums.old");
	return SY_OK;
}

/* --- taking them ----------------------------------------------------------------------------- */

static void add_volatile(void *ctx, uint64_t page)
{
	struct sums *s = ctx;

	if (s->h.n_volatile == s->cap_vol) {
		size_t cap = s->cap_vol ? 2 * s->cap_vol : 256;
		uint64_t *v = realloc(s->vol, cap * sizeof *v);
		if (v == NULL) {
			s->failed = true;
			return;
		}
		s->vol = v;
		s->cap_vol = cap;
	}
	s->vol[s->h.n_volatile++] = page;
}

static void silent(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
}

static int sums_take(const struct pages *f, const struct sums *old, struct sums *s)
{
	struct pages_report r = {.fault = silent};
	uint64_t same = 0;
	int err;

	*s = (struct sums){0};
	memcpy(s->h.magic, MAGIC, sizeof MAGIC);
	s->h.txn = f->meta[f->now].txn;
	s->h.page_size = f->page_size;
	s->h.pages = f->n;
	if ((s->page = malloc(8 * f->n + 1)) == NULL)
		return SY_ENOMEM;
	if ((err = pages_volatile(f, &r, add_volatile, s)))
		return err;
	if (s->failed)
		return SY_ENOMEM;
	if (old->h.page_size == f->page_size && old->h.pages <= f->n && old->h.txn <= s->h.txn)
		same = old->h.pages;
	if (same)
		memcpy(s->page, old->page, 8 * same);
	for (uint64_t i = 0; i < old->h.n_volatile && same; i++)
		if (old->vol[i] < same)
			s->page[old->vol[i]] = sum_of(f, old->vol[i]);
	struct adding a = {.f = f, .from = same, .to = f->n, .sums = s->page};
	return add_up(&a, sy_walk_cores());
}

int pages_sum(const char *dir)
{
	struct sums old, s = {0};
	struct pages f;
	int err;

	if ((err = pages_open(dir, &f)))
		return err;
	/* without any that can be read they are taken anew in full */
	if (sums_read(dir, "sums", &old))
		sums_read(dir, "sums.old", &old);
	if ((err = sums_take(&f, &old, &s)) == SY_OK)
		err = sums_write(dir, &s);
	sums_free(&old);
	sums_free(&s);
	pages_close(&f);
	return err;
}

bool pages_cut(const char *dir)
{
	struct header h = {.pages = 0};
	int fd = open_file(dir, "sums", O_RDONLY), file = open_file(dir, "data.mdb", O_RDONLY);
	struct stat st;
	bool cut = fd >= 0 && file >= 0 && pread_all(fd, &h, sizeof h, 0) == SY_OK &&
		   memcmp(h.magic, MAGIC, sizeof MAGIC) == 0 && fstat(file, &st) == 0 &&
		   h.page_size && (uint64_t)st.st_size / h.page_size < h.pages;

	if (fd >= 0)
		close(fd);
	if (file >= 0)
		close(file);
	return cut;
}

int pages_unsum(const char *dir)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof path, "%s/truth/sums", dir) >= sizeof path)
		return SY_ERANGE;
	return access(path, F_OK) == 0 ? move(dir, "sums", "sums.old") : SY_OK;
}

/* --- checking them --------------------------------------------------------------------------- */

static void compare(const struct pages *f, const struct sums *s, unsigned threads,
		    struct pages_report *r)
{
	struct adding a = {.f = f, .to = f->n, .expected = s->page, .r = r};

	if (s->h.pages != f->n || f->size % f->page_size || s->h.page_size != f->page_size) {
		pages_fault(r, "its length has changed since the ledger was stopped");
		return;
	}
	add_up(&a, threads);
	r->whole = true;
}

int pages_check(const char *dir, unsigned threads, struct pages_report *r)
{
	struct pages f;
	struct sums s;
	int err = pages_open(dir, &f);

	if (err) {
		pages_fault(r, "%s",
			    err == SY_ECORRUPT
				? "pages 0 and 1: the description of the file is damaged"
				: sy_strerror(err));
		return err;
	}
	err = pages_walk(&f, threads, r);
	switch (sums_read(dir, "sums", &s)) {
	case SY_OK:
		compare(&f, &s, threads, r);
		break;
	case SY_ECORRUPT:
		r->faults++;
		r->fault(r->ctx, "truth/sums: damaged");
		break;
	default:
		break;
	}
	sums_free(&s);
	pages_close(&f);
	return err;
}
