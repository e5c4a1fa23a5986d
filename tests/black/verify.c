/* A verifier of receipts in a page, for whoever links the library: verify RECEIPT VKEY. */
#include <stdio.h>
#include <string.h>
#include <suyuan/suyuan.h>

static const char *const steps[] = {"",       "form",      "checkpoint", "entry",
				    "record", "signature", "author"};

int main(int argc, char **argv)
{
	static char text[1 << 22];
	struct sy_receipt_fault why = {SY_RECEIPT_OK, "", ""};
	FILE *f;

	if (argc != 3 || sy_crypto_init() != SY_OK || (f = fopen(argv[1], "rb")) == NULL) {
		fprintf(stderr, "usage: verify RECEIPT VKEY\n");
		return 2;
	}
	struct sy_str receipt = {text, fread(text, 1, sizeof text, f)};
	fclose(f);
	int err = sy_receipt_check(receipt, sy_str(argv[2]), &why);
	if (err != SY_OK) {
		printf("%s: %s: %s: %s\n", steps[why.step], why.pointer, why.detail,
		       sy_strerror(err));
		return 1;
	}
	printf("holds\n");
	return 0;
}
