/*
 * suyuand: keeps a Suyuan ledger.  Start is a list of steps, done in order and undone in reverse.
 */
#include "api/app.h"

#include "base/log.h"
#include "base/mapped.h"

#include <suyuan/time.h>

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum mode { RUN, CHECK, INIT, REINDEX, FSCK };

struct arguments {
	enum mode mode;
	const char *config, *origin, *name;
};

static const char usage[] =
    "usage: suyuand --init --dir DIR --origin ORIGIN [--name NAME]  make a new ledger\n"
    "       suyuand [--config FILE] [--dir DIR] [--listen ADDRESS:PORT] [--ready-fd N]  keep it\n"
    "       suyuand -n [--config FILE] ...   check the configuration, print it, stop\n"
    "       suyuand --reindex --dir DIR      drop the index and build it from the truth\n"
    "       suyuand --fsck --dir DIR         check every byte of truth and index\n"
    "Also: --insecure (listen beyond this machine), --help, --version.  See suyuand(8).\n";

enum {
	OPT_INIT = 256,
	OPT_DIR,
	OPT_ORIGIN,
	OPT_NAME,
	OPT_CONFIG,
	OPT_LISTEN,
	OPT_INSECURE,
	OPT_READY,
	OPT_REINDEX,
	OPT_FSCK,
	OPT_VERSION
};

static const struct option options[] = {
    {"init", no_argument, NULL, OPT_INIT},
    {"dir", required_argument, NULL, OPT_DIR},
    {"origin", required_argument, NULL, OPT_ORIGIN},
    {"name", required_argument, NULL, OPT_NAME},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"insecure", no_argument, NULL, OPT_INSECURE},
    {"ready-fd", required_argument, NULL, OPT_READY},
    {"reindex", no_argument, NULL, OPT_REINDEX},
    {"fsck", no_argument, NULL, OPT_FSCK},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

/* --- the command line ------------------------------------------------------------------------ */

/* The command line goes over the configuration file, so it is read twice: for --config, then for
 * the rest. */
static bool read_mode(int argc, char **argv, struct arguments *a)
{
	static const struct {
		int opt;
		enum mode mode;
	} modes[] = {{'n', CHECK}, {OPT_INIT, INIT}, {OPT_REINDEX, REINDEX}, {OPT_FSCK, FSCK}};
	int opt;
	while ((opt = getopt_long(argc, argv, "nh", options, NULL)) != -1) {
		for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++)
			if (opt == modes[i].opt)
				a->mode = modes[i].mode;
		if (opt == OPT_CONFIG)
			a->config = optarg;
		else if (opt == OPT_ORIGIN)
			a->origin = optarg;
		else if (opt == OPT_NAME)
			a->name = optarg;
		else if (opt == OPT_VERSION) {
			puts("suyuand " SUYUAN_VERSION);
			exit(0);
		} else if (opt == 'h') {
			fputs(usage, stdout);
			exit(0);
		} else if (opt == '?')
			return false;
	}
	return optind == argc;
}

static void read_over(int argc, char **argv, struct config *c, struct sy_buf *errors)
{
	bool listens = false;
	struct sy_buf all = {0};
	int opt;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "nh", options, NULL)) != -1) {
		char *end;
		if (opt == OPT_DIR)
			config_set(c, "ledger", "dir", optarg, errors);
		else if (opt == OPT_INSECURE)
			config_set(c, "http", "insecure", "yes", errors);
		else if (opt == OPT_LISTEN) {
			sy_buf_printf(&all, "%s%s", listens ? "," : "", optarg);
			listens = true;
		} else if (opt == OPT_READY) {
			long fd = strtol(optarg, &end, 10);
			if (*end || fd < 0 || fd > 65535)
				sy_buf_printf(
				    errors, "ready-fd is \"%s\", expected a descriptor's number\n",
				    optarg);
			c->ready_fd = (int)fd;
		}
	}
	if (listens && sy_buf_cstr(&all))
		config_set(c, "http", "listen", sy_buf_cstr(&all), errors);
	sy_buf_free(&all);
}

static bool configure(int argc, char **argv, const struct arguments *a, struct config *c)
{
	struct sy_buf errors = {0};
	config_defaults(c);
	config_load(c, a->config, &errors);
	read_over(argc, argv, c, &errors);
	config_check(c, &errors);
	if (errors.n > 0 && sy_buf_cstr(&errors))
		fputs(sy_buf_cstr(&errors), stderr);
	bool good = errors.n == 0 && !errors.failed;
	sy_buf_free(&errors);
	if (good && c->unix_path == NULL && asprintf(&c->unix_path, "%s/socket", c->dir) < 0) {
		c->unix_path = NULL;
		good = false;
	}
	return good;
}

/* What the configuration names is read as well. */
static bool check_files(const struct config *c)
{
	struct sy_buf faults = {0};
	hooks_check(c->webhooks, c->webhooks_authorities, &faults);
	bool good = faults.n == 0 && !faults.failed;
	if (!good && sy_buf_cstr(&faults))
		fputs(sy_buf_cstr(&faults), stderr);
	sy_buf_free(&faults);
	return good;
}

/* --- running --------------------------------------------------------------------------------- */

/* {"http":["127.0.0.1:PORT"],"unix":"DIR/socket"}: scripts and tests need not sleep. */
static void tell_ready(struct app *app)
{
	struct sy_buf line = {0};
	struct sy_jw w;
	const char *address;
	sy_jw_init(&w, &line);
	sy_jw_object(&w);
	sy_jw_key(&w, "http");
	sy_jw_array(&w);
	for (size_t i = 0; (address = http_address(app->http, i)) != NULL; i++) {
		sy_jw_text(&w, address);
		log_event(LOG_NOTE, "listening", "address", address, NULL);
	}
	sy_jw_end(&w, ']');
	sy_jw_kv_text(&w, "unix", app->config.unix_path);
	sy_jw_end(&w, '}');
	sy_buf_byte(&line, '\n');
	log_event(LOG_NOTE, "ready", "dir", app->config.dir, "socket", app->config.unix_path, NULL);
	if (app->config.ready_fd >= 0 && !line.failed) {
		while (write(app->config.ready_fd, line.p, line.n) < 0 && errno == EINTR)
			;
		close(app->config.ready_fd);
	}
	sy_buf_free(&line);
}

/* SIGHUP: the log's level; a verdict never depends on the configuration. */
static void reload(struct app *app, int argc, char **argv, const struct arguments *a)
{
	struct config fresh;
	if (configure(argc, argv, a, &fresh)) {
		log_set_level((enum log_level)fresh.log_level);
		log_event(LOG_NOTE, "reloaded", NULL);
	} else {
		log_event(LOG_ERR, "reload-failed", "why", "the configuration has faults", NULL);
	}
	(void)app;
	config_free(&fresh);
}

static void serve(struct app *app, int signals, int argc, char **argv, const struct arguments *a)
{
	struct pollfd fds[] = {{signals, POLLIN, 0}, {app->wake_fd, POLLIN, 0}};
	while (!atomic_load(&app->halted)) {
		struct signalfd_siginfo got;
		if (poll(fds, 2, -1) < 0)
			continue;
		if (!(fds[0].revents & POLLIN) || read(signals, &got, sizeof got) != sizeof got)
			continue;
		if (got.ssi_signo != SIGHUP) {
			log_event(LOG_NOTE, "stopping", "signal", strsignal((int)got.ssi_signo),
				  NULL);
			return;
		}
		reload(app, argc, argv, a);
	}
}

static int run(struct config *c, int argc, char **argv, const struct arguments *a)
{
	struct app app = {.config = *c, .started = sy_time_now()};
	unsigned up;
	sigset_t set;
	log_init(&(struct log_options){(enum log_level)c->log_level, c->log_json});
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	int signals = signalfd(-1, &set, SFD_CLOEXEC);
	int err = app_up(&app, &up);
	if (!err) {
		tell_ready(&app);
		serve(&app, signals, argc, argv, a);
	}
	app_down(&app, up);
	if (!err)
		log_event(LOG_NOTE, "stopped", NULL);
	close(signals);
	return err || atomic_load(&app.halted) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct arguments a = {0};
	struct config c;
	int status;
	mapped_guard();
	if (!read_mode(argc, argv, &a)) {
		fputs(usage, stderr);
		return 2;
	}
	if (!configure(argc, argv, &a, &c)) {
		config_free(&c);
		return 2;
	}
	switch (a.mode) {
	case CHECK:
		status = check_files(&c) ? 0 : 2;
		if (status == 0)
			config_print(&c, stdout);
		break;
	case INIT:
		status = command_init(&c, a.origin, a.name);
		break;
	case REINDEX:
		status = command_reindex(&c);
		break;
	case FSCK:
		status = command_fsck(&c);
		break;
	default:
		status = run(&c, argc, argv, &a);
	}
	config_free(&c);
	return status;
}
