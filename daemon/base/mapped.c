#include "base/mapped.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* All of this runs in a signal handler: system calls and memory of its own, nothing else. */

struct line {
	char text[2048];
	size_t n;
};

static void put(struct line *l, const char *p)
{
	size_t n = strlen(p), room = sizeof l->text - l->n;

	if (n > room)
		n = room;
	memcpy(l->text + l->n, p, n);
	l->n += n;
}

static const char *hex(const char *p, uintptr_t *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *d;

	for (*out = 0; *p && (d = strchr(digits, *p)); p++)
		*out = *out << 4 | (uintptr_t)(d - digits);
	return p;
}

/* Of a line "from-to rights offset device inode   /path" the path, if ADDRESS lies between. */
static const char *path_at(const char *map, uintptr_t address)
{
	uintptr_t from, to;

	map = hex(map, &from);
	if (*map++ != '-')
		return NULL;
	hex(map, &to);
	return from <= address && address < to ? strchr(map, '/') : NULL;
}

static const char *next_line(int fd, char *text, size_t size)
{
	size_t n = 0;
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n')
		if (n + 1 < size)
			text[n++] = c;
	text[n] = 0;
	return n ? text : NULL;
}

static void put_path(struct line *l, uintptr_t address)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	const char *map, *path = NULL;
	char text[1024];

	while (fd >= 0 && path == NULL && (map = next_line(fd, text, sizeof text)))
		path = path_at(map, address);
	put(l, path ? path : "a mapped file");
}

static void on_bus(int signo, siginfo_t *info, void *context)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;
	struct line l = {.n = 0};

	/* threads meet the same gap together: one speaks, and takes the others along */
	while (atomic_flag_test_and_set(&said))
		pause();
	(void)signo;
	(void)context;
	put(&l, "suyuand: ");
	put_path(&l, (uintptr_t)info->si_addr);
	put(&l, " ends early or its disk can't be read.  suyuand --fsck says what of truth/ is "
		"damaged: restore a backup at least as new as head.  index/ is built again by "
		"suyuand --reindex; local/ holds counts of look-ups and may be deleted.\n");
	for (size_t done = 0; done < l.n;) {
		ssize_t k = write(STDERR_FILENO, l.text + done, l.n - done);
		if (k <= 0)
			break;
		done += (size_t)k;
	}
	_exit(1);
}

void mapped_guard(void)
{
	struct sigaction act = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};

	sigemptyset(&act.sa_mask);
	sigaction(SIGBUS, &act, NULL);
}
