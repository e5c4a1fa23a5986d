# Debian packages that building, testing and checking need.  `make deps` has nothing to do, and
# asks nobody for anything, when they are there.
DEPS := gcc make pkg-config liblmdb-dev libsodium-dev libssl-dev libevent-dev libinih-dev \
        libcurl4-openssl-dev libexpat1-dev check python3 python3-pytest python3-cryptography python3-jsonschema \
        clang clang-format clang-tidy libclang-rt-14-dev python3-pyflakes \
        shellcheck mandoc git

# What make bench PEER=postgres holds us against; without a cluster that the machine would keep running.
DEPS_POSTGRES := postgresql-15

# $(1): what to do as root before packages are installed; the packages are in $$wanted.
define install_missing
	missing=; for p in $$wanted; do \
	   dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	 done; \
	 [ -z "$$missing" ] || { \
	   as=; [ "$$(id -u)" = 0 ] || as=sudo; \
	   echo "installing:$$missing"; \
	   run() { echo "+ $$*"; "$$@"; }; \
	   run $$as apt-get -q update && $(1) \
	   run $$as env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
	     -o Dpkg::Options::=--force-confold $$missing; }
endef

deps:
	@wanted='$(DEPS)'; $(call install_missing)

deps-postgres:
	@wanted='$(DEPS_POSTGRES)'; \
	 $(call install_missing,run $$as mkdir -p /etc/postgresql-common && \
	   echo create_main_cluster = false | run $$as tee /etc/postgresql-common/createcluster.conf &&)
