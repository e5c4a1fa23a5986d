#include "nouns.h"

const struct noun nouns[] = {
    {"key", "keys to sign with", key_commands},
    {"party", "who takes part: roles, prefixes, keys", party_commands},
    {"place", "where things are made and kept", place_commands},
    {"product", "what a code stands for", product_commands},
    {"rules", "what records must carry, and limits", rules_commands},
    {"batch", "register batches, and see them", batch_commands},
    {"event", "what happened to batches", event_commands},
    {"record", "records as they stand", record_commands},
    {"code", "what a code says", code_commands},
    {"verify", "what the ledger vouches for, proof checked here", verify_commands},
    {"recall", "what comes back, from whom, and how well that goes", recall_commands},
    {"export", "documents for others: EPCIS, FSMA 204, FoodChain-Lab", export_commands},
    {"quality", "pass rates that supervision found", quality_commands},
    {"trace", "where things came from, where they went", trace_commands},
    {"ledger", "the ledger itself: entries, receipts, audit", ledger_commands},
    {"admin", "for whoever runs the ledger", admin_commands},
    {"help", "this, or a command with an example", help_commands},
    {0},
};
