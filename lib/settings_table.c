/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_table.c - every keyword of the configuration: parser, defaults, sample and manual are made from these rows. */
#include "config.h"

#include "settings_table.h"

#include "rule.h"
#include "settings.h"
#include "translation.h"

static const struct as_name_code all_verbs[] = {
	{ "accept", AS_VERB_ACCEPT },     { "tag", AS_VERB_TAG },       { "quarantine", AS_VERB_QUARANTINE },
	{ "tempfail", AS_VERB_TEMPFAIL }, { "reject", AS_VERB_REJECT }, { NULL, 0 },
};
static const struct as_name_code actions[] = {
	{ "accept", AS_VERB_ACCEPT },     { "tag", AS_VERB_TAG },       { "quarantine", AS_VERB_QUARANTINE },
	{ "tempfail", AS_VERB_TEMPFAIL }, { "reject", AS_VERB_REJECT }, { "report-only", AS_ACTION_REPORT_ONLY }, { NULL, 0 },
};
static const struct as_name_code mixes[] = { { "strictest", AS_MIXED_STRICTEST }, { "mildest", AS_MIXED_MILDEST }, { NULL, 0 } };
static const struct as_name_code booleans[] = { { "false", false }, { "true", true }, { NULL, 0 } };
static const struct as_name_code spf_codes[] = {
	{ "none", AS_NONE },         { "neutral", AS_NEUTRAL },     { "pass", AS_PASS },           { "fail", AS_FAIL },
	{ "softfail", AS_SOFTFAIL }, { "temperror", AS_TEMPERROR }, { "permerror", AS_PERMERROR }, { NULL, 0 },
};
static const struct as_name_code dkim_codes[] = {
	{ "none", AS_NONE },     { "pass", AS_PASS },           { "fail", AS_FAIL },
	{ "policy", AS_POLICY }, { "temperror", AS_TEMPERROR }, { NULL, 0 },
};
static const struct as_name_code arc_codes[] = { { "none", AS_NONE }, { "pass", AS_PASS }, { "fail", AS_FAIL }, { NULL, 0 } };
static const struct as_name_code dmarc_codes[] = {
	{ "none", AS_NONE },           { "pass", AS_PASS },           { "fail", AS_FAIL },
	{ "temperror", AS_TEMPERROR }, { "permerror", AS_PERMERROR }, { NULL, 0 },
};
static const struct as_name_code policies[] = {
	{ "none", AS_DMARC_NONE }, { "quarantine", AS_DMARC_QUARANTINE }, { "reject", AS_DMARC_REJECT }, { NULL, 0 },
};
/* Four for each method, in the order of enum as_dnssec. */
static const struct as_name_code states[] = {
	{ "spf:secure", 0 },    { "spf:insecure", 1 },    { "spf:indeterminate", 2 },    { "spf:bogus", 3 },
	{ "dkim:secure", 4 },   { "dkim:insecure", 5 },   { "dkim:indeterminate", 6 },   { "dkim:bogus", 7 },
	{ "arc:secure", 8 },    { "arc:insecure", 9 },    { "arc:indeterminate", 10 },   { "arc:bogus", 11 },
	{ "dmarc:secure", 12 }, { "dmarc:insecure", 13 }, { "dmarc:indeterminate", 14 }, { "dmarc:bogus", 15 },
	{ "iprev:secure", 16 }, { "iprev:insecure", 17 }, { "iprev:indeterminate", 18 }, { "iprev:bogus", 19 },
	{ NULL, 0 },
};
static const struct as_name_code iprev_codes[] = {
	{ "pass", AS_PASS }, { "fail", AS_FAIL }, { "temperror", AS_TEMPERROR }, { "permerror", AS_PERMERROR }, { NULL, 0 },
};
static const struct as_name_code soft_verbs[] = {
	{ "accept", AS_VERB_ACCEPT },
	{ "tempfail", AS_VERB_TEMPFAIL },
	{ NULL, 0 },
};
static const struct as_name_code list_verbs[] = {
	{ "accept", AS_VERB_ACCEPT }, { "tag", AS_VERB_TAG }, { "quarantine", AS_VERB_QUARANTINE }, { "reject", AS_VERB_REJECT },
	{ NULL, 0 },
};
static const struct as_name_code mark_verbs[] = {
	{ "accept", AS_VERB_ACCEPT },
	{ "tag", AS_VERB_TAG },
	{ NULL, 0 },
};
static const struct as_name_code marks[] = {
	{ "none", AS_MARK_NONE },
	{ "comment", AS_MARK_COMMENT },
	{ "property", AS_MARK_PROPERTY },
	{ NULL, 0 },
};
static const struct as_name_code auth_results[] = {
	{ "none", AS_AUTH_RESULTS_NONE },
	{ "domain", AS_AUTH_RESULTS_DOMAIN },
	{ "full", AS_AUTH_RESULTS_FULL },
	{ NULL, 0 },
};
static const struct as_name_code targets[] = { { "syslog", 0 }, { "stderr", 1 }, { NULL, 0 } };
static const struct as_name_code levels[] = {
	{ "error", AS_LOG_ERROR }, { "warning", AS_LOG_WARNING }, { "info", AS_LOG_INFO }, { "debug", AS_LOG_DEBUG }, { NULL, 0 },
};
static const struct as_name_code facilities[] = {
	{ "mail", 0 },   { "daemon", 1 }, { "user", 2 },   { "auth", 3 },   { "authpriv", 4 }, { "local0", 5 },  { "local1", 6 },
	{ "local2", 7 }, { "local3", 8 }, { "local4", 9 }, { "local5", 10 }, { "local6", 11 },  { "local7", 12 }, { NULL, 0 },
};
static const struct as_name_code modes[] = {
	{ "auto", AS_DNS_AUTO },
	{ "forward", AS_DNS_FORWARD },
	{ "recurse", AS_DNS_RECURSE },
	{ NULL, 0 },
};
static const struct as_name_code discoveries[] = {
	{ "tree-walk", AS_DISCOVERY_TREE_WALK },
	{ "public-suffix-list", AS_DISCOVERY_PSL },
	{ NULL, 0 },
};

const struct as_section as_sections[] = {
	{ "", .help = "The service and what it does with every message." },
	{ "relay", .title = "backup-mx",
	  .help = "A host in front of us that takes mail of others and passes it on: a backup MX, a spam gateway, an edge MTA. As often as "
		  "needed, each with a name. Its mail is judged as if the client that handed it to the relay had come to us: the address "
		  "and the HELO name are read in the Received field that the relay puts on top; see RELAYS." },
	{ "log", .help = "Where messages of the daemon go." },
	{ "trace", .help = "Explanations of decisions, one line of JSON each, for `assay why`." },
	{ "capture",
	  .help = "Whole messages with every answer that their decision rests on, for `assay message --replay`: to look at a decision "
		  "again, or to try a changed configuration on yesterday's mail. They hold what people wrote; see assay(1)." },
	{ "metrics", .help = "Numbers for a monitoring system, in the text form of Prometheus; assayd(8) lists them." },
	{ "dns", .help = "How names are looked up and validated." },
	{ "stub", .above = "dns", .title = "corp.example",
	  .help = "Inside dns, as often as needed, each with the name of a zone: stub \"corp.example\" { ... }. "
		  "The zone and what is below it are asked at servers of their own." },
	{ "iprev",
	  .help = "Reverse DNS of the client, RFC 8601 3: does a name of its address have that address? It says something about the "
		  "host that connects, nothing about the author. Off by default, because it costs up to eleven lookups for each client; "
		  "they are not counted in maximum-queries." },
	{ "spf", .help = "SPF, RFC 7208. The results concern the MAIL FROM domain, or the HELO name when the sender is null. "
		 "All actions accept by default, because a rejection for SPF alone breaks forwarding and hides the message from DMARC." },
	{ "dkim", .help = "DKIM, RFC 6376. All actions accept by default: RFC 6376 asks to treat a message without a valid signature "
		  "like an unsigned one." },
	{ "arc",
	  .help = "ARC, RFC 8617: what forwarders and mailing lists say about a message before they changed it. The result is reported "
		 "and logged when there is a chain; the decision looks at the seals of trusted-sealers alone. minimum-key-bits, "
		 "accept-length-tag and clock-drift of "
		 "the section dkim hold for its signatures too." },
	{ "dmarc", .help = "DMARC, RFC 9989." },
	{ "forwarders",
	  .help = "Hosts and domains that are known to pass on mail of others, such as a former university or a hosting firm. A message "
		  "from there that fails DMARC takes dmarc.on-forwarder. They can hand in any author: list only those that check what they "
		  "pass on." },
	{ "rule", .title = "no-forged-payroll",
	  .help = "As often as needed, each with a name. The first rule whose conditions all hold decides, before the built-in "
		  "table; see RULES. A condition holds when one of its values does." },
	{ "translation", .title = "french",
	  .help = "Replies in another language, as often as needed, each with a name. For recipients of these domains the texts of the "
		  "file take the place of those of the configuration and of the built-in ones; see REPLIES." },
	{ .name = NULL },
};

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, KIB = 1024, MIB = 1024 * KIB };

/* The columns that every row has. */
#define TOP(name, kind, standard, field) .section = "", ROW(name, kind, standard, field)
#define ROW(word, type, value, field) \
	.name = (word), .kind = AS_KIND_##type, .standard = (value), .offset = offsetof(struct as_settings, field)
#define STUB(word, type, value, field) \
	.section = "stub", .name = (word), .kind = AS_KIND_##type, .standard = (value), .offset = offsetof(struct as_dns_stub, field)
#define RELAY(word, type, value, field) \
	.section = "relay", .name = (word), .kind = AS_KIND_##type, .standard = (value), .offset = offsetof(struct as_relay, field)
#define RULE(word, type, value, field) \
	.section = "rule", .name = (word), .kind = AS_KIND_##type, .standard = (value), .offset = offsetof(struct as_rule_text, field)
#define TRANSLATION(word, type, value, field) \
	.section = "translation", .name = (word), .kind = AS_KIND_##type, .standard = (value), \
	.offset = offsetof(struct as_translation, field)
#define CONDITION(word, type, id) RULE(word, type, "{}", of[id])

const struct as_keyword as_keywords[] = {
	{ TOP("authserv-id", ID, "", authserv_id),
	  .help = "Our name in Authentication-Results fields. Fields of incoming messages that claim this name are removed. "
		  "Empty: the host name that the MTA tells ({j})." },
	{ TOP("socket", SOCKET, "inet:8894@localhost", socket),
	  .help = "Where the MTA finds us: inet:PORT@HOST, inet6:PORT@HOST or unix:/PATH. Postfix's own order, inet:HOST:PORT, is "
		  "understood as well. Postfix with a chroot needs a path below its queue directory." },
	{ TOP("socket-mode", MODE, "0660", socket_mode), .help = "Permissions of a unix socket, in octal." },
	{ TOP("socket-group", NAME, "", socket_group),
	  .help = "Group of a unix socket, for example postfix. Empty: the group of the daemon." },
	{ TOP("user", NAME, "assay", user),
	  .help = "Who to become when started as root. Empty: stay who we are." },
	{ TOP("maximum-connections", COUNT, "1000", maximum_connections), .most = 1000000,
	  .help = "Connections from the MTA served at once; more are told to come back later. 0: no bound." },
	{ TOP("trusted-networks", NETWORKS, "{\"127.0.0.0/8\", \"::1/128\"}", trusted_networks),
	  .count = offsetof(struct as_settings, trusted_network_count), .decides = true,
	  .help = "Clients that are not judged: our own hosts, added with += to those of loopback. Backup MXs and gateways in front of us "
		  "belong into relay, or all that comes through them is not judged either." },
	{ TOP("skip-authenticated", BOOL, "true", skip_authenticated), .decides = true,
	  .help = "Do not judge messages of clients that logged in with SMTP AUTH." },
	{ TOP("auth-results", WORD, "none", auth_results), .words = auth_results,
	  .help = "What the header field tells of a client that logged in, judged or not. none: nothing. domain: that it did, how, and the "
		  "domain of the sender. full: the name of the login as well, which everybody who gets the message can read." },
	{ TOP("report-only", BOOL, "false", report_only), .decides = true,
	  .help = "Evaluate, write the header field and the log, but accept everything, save what the row forged-fields rejects." },
	{ TOP("help-url", URL, "", help_url),
	  .help = "A page that explains refusals, such as https://mail.example.com/why?id=%{id}. It stands at the end of every reply "
		  "that refuses a message. Macros as in replies, their values percent-encoded; see REPLIES. Empty: none." },
	{ TOP("on-internal-error", WORD, "tempfail", on_internal_error), .words = soft_verbs,
	  .help = "What to do when the daemon itself fails to judge a message." },
	{ TOP("on-unknown-client", WORD, "quarantine", on_unknown_client), .words = list_verbs,
	  .help = "A relay does not tell who handed a message to it, so that SPF is not known, no other check speaks for the message, and "
		  "DMARC, or the proof of a list or forwarder, hangs on it. Never stricter than on-reject and on-quarantine of dmarc." },
	{ TOP("mixed-recipients", WORD, "strictest", mixed_recipients), .words = mixes, .decides = true,
	  .help = "Rules with the conditions recipient and recipient-domain are looked at for each recipient, but the sender gets one "
		  "answer: the strictest of the actions found, or the mildest." },
	{ TOP("shadow-configuration", FILE, "", shadow.file),
	  .help = "A second assay.conf, whole like this one, whose rules, actions and replies are tried on the same messages without "
		  "another lookup. What it would do otherwise is logged and counted; it never touches a message. See SHADOW "
		  "CONFIGURATION. Empty: none." },
	{ TOP("rule-statistics", FILE, "/var/lib/assay/rules", rule_statistics),
	  .help = "Where it is kept when rules matched, so that `assayd -n` can name those that nobody needs any more. Nothing is written "
		  "while there are no rules. Empty: it is forgotten with every restart." },
	{ TOP("dnssec-state", WORD, "comment", dnssec_mark), .words = marks,
	  .help = "How results in the header field show the DNSSEC state of their lookups: not at all, as a comment, or as the property "
		  "policy.dnssec, which is not registered." },
	{ TOP("evaluation-timeout", MILLISECONDS, "20s", evaluation_timeout_ms), .least = 1000, .most = 250000,
	  .help = "Time for all lookups of one message. What is not known by then is a temporary error. It must be shorter than the "
		  "patience of the MTA: milter_content_timeout of Postfix." },
	{ TOP("maximum-queries", COUNT, "400", maximum_queries), .least = 20, .most = 10000,
	  .help = "DNS questions that one message may cause. The default is "
		  "more than SPF records within their limits, ten signatures and a long ARC chain need." },
	{ TOP("maximum-header-bytes", SIZE, "1m", maximum_header_bytes), .least = 64 * KIB, .most = 64 * MIB,
	  .help = "Size of the header that is looked at; fields beyond it count as missing." },
	{ TOP("maximum-header-fields", COUNT, "1000", maximum_header_fields), .least = 100, .most = 20000,
	  .help = "Number of header fields that are looked at; fields beyond it count as missing." },

	{ RELAY("networks", NETWORKS, "{}", networks), .count = offsetof(struct as_relay, network_count), .example = "{\"192.0.2.25\"}",
	  .help = "Its addresses: those from which it connects to us, or to another relay. At least one. Nobody else may use them: all "
		  "that such a host says is believed." },
	{ RELAY("by", PATTERNS, "{}", by), .example = "{\"mx2.example.com\"}",
	  .help = "Names that it gives itself in Received fields, behind \"by\"; \".example.com\" for all below that one. A field by "
		  "another host tells nothing. Empty: any name." },
	{ RELAY("on-reject", WORD, "quarantine", on_reject), .words = list_verbs,
	  .help = "What is done instead when one of its messages is to be rejected. The relay has taken the message and must return it to "
		  "a sender who is often forged; reject is right for a relay that passes our reply on to its client." },

	{ .section = "log", ROW("target", CHOICE, "syslog", log.target), .words = targets,
	  .help = "The system log, or standard error for containers and systemd." },
	{ .section = "log", ROW("level", WORD, "info", log.level), .words = levels,
	  .help = "The least important kind that is logged. There is one line of level info for each message." },
	{ .section = "log", ROW("facility", CHOICE, "mail", log.facility), .words = facilities, .help = "Facility of syslog." },
	{ .section = "log", ROW("socket", FILE, "/dev/log", log.socket), .most = 107, /* sun_path */
	  .help = "Where the system log listens, for chroots, containers and a log of its own. Messages do not wait for it; see "
		  "assayd(8)." },
	{ .section = "log", ROW("local-parts", BOOL, "false", log.local_parts),
	  .help = "Log whole addresses. Otherwise only their domains." },

	{ .section = "trace", ROW("enable", BOOL, "false", trace.enable),
	  .help = "Keep an explanation of every decision. Replies then end with a name in brackets that finds it." },
	{ .section = "trace", ROW("file", FILE, "/var/lib/assay/trace.jsonl", trace.file),
	  .help = "Where they are kept. When the file is full it becomes FILE.1, and the FILE.1 before it is gone." },
	{ .section = "trace", ROW("size", SIZE, "64m", trace.size_bytes), .least = 1 << 20, .most = 1LL << 40,
	  .help = "Room for both files together." },

	{ .section = "capture", ROW("directory", FILE, "", capture.directory),
	  .help = "Where they are kept, one file each; made if it does not exist, and nobody else may have access to it. Empty: nothing "
		  "is captured." },
	{ .section = "capture", ROW("every", COUNT, "0", capture.every), .most = 1000000000,
	  .help = "Capture every so many messages; 1 is all of them, 0 none." },
	{ .section = "capture", ROW("rules", NAMES, "{}", capture.rules),
	  .help = "Capture messages that these rules decided, for example {\"dmarc-temperror\"}; the log names the rule of every "
		  "message. Every message is kept in memory until its decision is known." },
	{ .section = "capture", ROW("maximum-files", COUNT, "1000", capture.maximum_files), .least = 1, .most = 1000000,
	  .help = "Files to keep; the oldest are removed." },
	{ .section = "capture", ROW("maximum-bytes", SIZE, "10m", capture.maximum_bytes), .least = 64 * KIB, .most = 256 * MIB,
	  .help = "Size of one file. The body of a longer message is cut; signatures over it cannot be judged again." },

	{ .section = "metrics", ROW("socket", SOCKET, "", metrics.socket), .example = "\"inet:8895@localhost\"",
	  .help = "Where they can be fetched, as http://HOST:PORT/metrics: inet:PORT@HOST, inet6:PORT@HOST or unix:/PATH. Who gets there "
		  "can read them; without HOST only this host gets there. Empty: nowhere." },
	{ .section = "metrics", ROW("socket-mode", MODE, "0660", metrics.socket_mode), .help = "Permissions of a unix socket, in octal." },
	{ .section = "metrics", ROW("socket-group", NAME, "", metrics.socket_group),
	  .help = "Group of a unix socket. Empty: the group of the daemon." },

	{ .section = "dns", ROW("mode", WORD, "auto", dns.mode), .words = modes,
	  .help = "Who is asked: auto takes the servers of resolv.conf if they hand DNSSEC signatures through and otherwise asks the "
		  "authoritative servers itself, forward asks the servers of the keyword forward, recurse asks the authoritative "
		  "servers. In every mode answers are validated here. Servers that were silent at the start of auto are tried again "
		  "at a reload." },
	{ .section = "dns", ROW("forward", SERVERS, "{}", dns.forward),
	  .help = "Servers for the mode forward: an address, or ADDRESS@PORT." },
	{ .section = "dns", ROW("trust-anchor", FILE, "/usr/share/dns/root.key", dns.trust_anchor),
	  .help = "The DNSSEC keys of the root, as DS or DNSKEY records. A reload reads the file again when it was replaced. Empty: no "
		  "validation, every result says indeterminate." },
	{ .section = "dns", ROW("insecure", DOMAINS, "{}", dns.insecure),
	  .help = "Domains whose DNSSEC is known to be broken: not validated, RFC 7646." },
	{ .section = "dns", ROW("cache-size", SIZE, "64m", dns.cache_bytes), .least = MIB, .most = (int64_t)16 * KIB * MIB,
	  .help = "Memory for answers, what was parsed from them, and what the resolver keeps." },
	{ .section = "dns", ROW("maximum-ttl", SECONDS, "1d", dns.max_ttl_s), .least = MINUTE, .most = 7 * DAY,
	  .help = "Longest time that an answer is kept, whatever its own time is." },
	{ .section = "dns", ROW("failure-ttl", SECONDS, "5s", dns.failure_ttl_s), .least = 0, .most = 5 * MINUTE,
	  .help = "Time that a failed lookup is not tried again; RFC 2308 7 allows five minutes." },
	{ STUB("addresses", SERVERS, "{}", addresses), .example = "{\"192.0.2.9\"}",
	  .help = "The servers of the zone: an address, or ADDRESS@PORT. At least one." },
	{ STUB("insecure", BOOL, "false", insecure), .help = "Do not validate below this zone, because it is not signed." },

	{ .section = "iprev", ROW("enable", BOOL, "false", iprev.enable), .help = "Look up the reverse DNS of clients." },
	{ .section = "iprev", ROW("on-fail", WORD, "accept", iprev.on_fail), .words = all_verbs,
	  .help = "The address has names, but none of the first ten has that address." },
	{ .section = "iprev", ROW("on-permerror", WORD, "accept", iprev.on_permerror), .words = all_verbs,
	  .help = "The address has no name." },
	{ .section = "iprev", ROW("on-temperror", WORD, "accept", iprev.on_temperror), .words = all_verbs,
	  .help = "The names, or their addresses, could not be looked up." },
	{ .section = "iprev", ROW("reply-fail", REPLY, "", iprev.reply_fail), .verbs = "on-fail on-permerror on-temperror",
	  .help = "Reply to a message refused for its client's reverse DNS." },

	{ .section = "spf", ROW("enable", BOOL, "true", spf.enable), .help = "Evaluate SPF." },
	{ .section = "spf", ROW("on-fail", WORD, "accept", spf.on_fail), .words = all_verbs,
	  .help = "The domain says that this client may not send for it. Applies to forwarded messages too, whatever DMARC says." },
	{ .section = "spf", ROW("on-softfail", WORD, "accept", spf.on_softfail), .words = all_verbs,
	  .help = "The domain says that this client probably may not send for it." },
	{ .section = "spf", ROW("on-temperror", WORD, "accept", spf.on_temperror), .words = all_verbs,
	  .help = "The record could not be looked up." },
	{ .section = "spf", ROW("on-permerror", WORD, "accept", spf.on_permerror), .words = all_verbs,
	  .help = "The record is broken." },
	{ .section = "spf", ROW("explanation", BOOL, "false", spf.explanation),
	  .help = "When on-fail refuses: fetch the explanation that the domain publishes (RFC 7208 6.2) and say it in the "
		  "reply, as the domain's own words. It is text of a stranger." },
	{ .section = "spf", ROW("reply-fail", REPLY, "", spf.reply_fail), .verbs = "on-fail on-softfail",
	  .help = "Reply to a message refused for fail or softfail." },
	{ .section = "spf", ROW("reply-error", REPLY, "", spf.reply_error), .verbs = "on-temperror on-permerror",
	  .help = "Reply to a message refused for an error." },

	{ .section = "dkim", ROW("enable", BOOL, "true", dkim.enable), .help = "Verify DKIM signatures." },
	{ .section = "dkim", ROW("minimum-key-bits", COUNT, "1024", dkim.minimum_key_bits), .least = 1024, .most = 4096,
	  .help = "Shortest RSA key that counts. RFC 8301 forbids less than 1024." },
	{ .section = "dkim", ROW("maximum-signatures", COUNT, "10", dkim.maximum_signatures), .least = 1, .most = 50,
	  .help = "Signatures that are tried; those of the author's domain come first." },
	{ .section = "dkim", ROW("accept-length-tag", BOOL, "false", dkim.accept_length_tag),
	  .help = "Let a signature pass that leaves the end of the body unsigned (l=). Anybody can add text to such a message." },
	{ .section = "dkim", ROW("clock-drift", SECONDS, "300s", dkim.clock_drift_s), .least = 0, .most = DAY,
	  .help = "How wrong the clocks of signers may be." },
	{ .section = "dkim", ROW("on-fail", WORD, "accept", dkim.on_fail), .words = all_verbs,
	  .help = "There are signatures, but none passes." },
	{ .section = "dkim", ROW("on-none", WORD, "accept", dkim.on_none), .words = all_verbs, .help = "There is no signature." },
	{ .section = "dkim", ROW("on-temperror", WORD, "accept", dkim.on_temperror), .words = all_verbs,
	  .help = "No signature passes, and a key could not be looked up." },
	{ .section = "dkim", ROW("reply-fail", REPLY, "", dkim.reply_fail), .verbs = "on-fail", .help = "Reply for on-fail." },
	{ .section = "dkim", ROW("reply-none", REPLY, "", dkim.reply_none), .verbs = "on-none", .help = "Reply for on-none." },
	{ .section = "dkim", ROW("reply-temperror", REPLY, "", dkim.reply_temperror), .verbs = "on-temperror",
	  .help = "Reply for on-temperror." },

	{ .section = "arc", ROW("enable", BOOL, "true", arc.enable),
	  .help = "Validate the chain of a message." },
	{ .section = "arc", ROW("trusted-sealers", DOMAINS, "{}", arc.trusted_sealers), .decides = true,
	  .help = "Domains whose ARC seals are believed. A message that fails DMARC is accepted when its chain passes and, from the "
		  "newest set on, a trusted sealer saw an aligned pass before any that is not trusted comes. The result stays fail. "
		  "A sealer is believed in all that it says: Microsoft 365, for one, also writes dmarc=pass on what its own customers "
		  "send, so that trust in it is trust in all of them." },

	{ .section = "dmarc", ROW("enable", BOOL, "true", dmarc.enable),
	  .help = "Evaluate DMARC and judge the From field. Needs SPF or DKIM." },
	{ .section = "dmarc", ROW("discovery", WORD, "tree-walk", dmarc.discovery), .words = discoveries,
	  .help = "How the organizational domain is found: tree-walk as in RFC 9989, public-suffix-list as in RFC 7489." },
	{ .section = "dmarc", ROW("public-suffix-list", FILE, "/usr/share/publicsuffix/public_suffix_list.dafsa", dmarc.public_suffix_list),
	  .help = "The list for discovery = public-suffix-list. Empty: the one built into libpsl." },
	{ .section = "dmarc", ROW("on-reject", WORD, "reject", dmarc.on_reject), .words = all_verbs,
	  .help = "The message fails, and the domain asks to reject it. RFC 9989 7.4 says that a receiver must not reject for this "
		  "alone, because messages of mailing lists and forwarders fail as well: see on-proven-list, on-forwarder and "
		  "arc.trusted-sealers." },
	{ .section = "dmarc", ROW("on-quarantine", WORD, "tag", dmarc.on_quarantine), .words = all_verbs,
	  .help = "The message fails, and the domain asks to treat it as suspicious." },
	{ .section = "dmarc", ROW("on-none-fail", WORD, "accept", dmarc.on_none_fail), .words = mark_verbs,
	  .help = "The message fails, and the domain asks for nothing. RFC 9989 does not allow to refuse it for that." },
	{ .section = "dmarc", ROW("on-temperror", WORD, "tempfail", dmarc.on_temperror), .words = all_verbs,
	  .help = "A lookup that could have changed the result failed." },
	{ .section = "dmarc", ROW("on-permerror", WORD, "accept", dmarc.on_permerror), .words = all_verbs,
	  .help = "The domain publishes DMARC, but nothing that can be used: several records, or one without p and rua." },
	{ .section = "dmarc", ROW("on-proven-list", WORD, "tag", dmarc.on_proven_list), .words = list_verbs,
	  .help = "The message fails, but comes from a mailing list: it has a List-Id, and its domain or one of the same organization "
		  "passes SPF, DKIM or ARC. Anybody can found a list, so accept would let forgeries in; rules with list-id accept certain "
		  "lists. Never stricter than on-reject and on-quarantine: reject makes no exception." },
	{ .section = "dmarc", ROW("on-forwarder", WORD, "accept", dmarc.on_forwarder), .words = list_verbs,
	  .help = "The message fails, but comes from one of the forwarders. Never stricter than on-reject and on-quarantine." },
	{ .section = "dmarc", ROW("on-malformed-from", WORD, "reject", dmarc.on_malformed_from), .words = all_verbs,
	  .help = "There is no From field, more than one, one that cannot be read, or one with several domains, so that readers may "
		  "see another author than we do." },
	{ .section = "dmarc", ROW("reply-reject", REPLY, "", dmarc.reply_reject), .verbs = "on-reject", .help = "Reply for on-reject." },
	{ .section = "dmarc", ROW("reply-quarantine", REPLY, "", dmarc.reply_quarantine), .verbs = "on-quarantine",
	  .help = "Reply for on-quarantine." },
	{ .section = "dmarc", ROW("reply-temperror", REPLY, "", dmarc.reply_temperror), .verbs = "on-temperror",
	  .help = "Reply for on-temperror." },
	{ .section = "dmarc", ROW("reply-permerror", REPLY, "", dmarc.reply_permerror), .verbs = "on-permerror",
	  .help = "Reply for on-permerror." },
	{ .section = "dmarc", ROW("reply-malformed-from", REPLY, "", dmarc.reply_malformed_from), .verbs = "on-malformed-from",
	  .help = "Reply for on-malformed-from." },

	{ .section = "forwarders", ROW("networks", NETWORKS, "{}", forwarders.networks),
	  .count = offsetof(struct as_settings, forwarders.network_count), .decides = true, .help = "Clients that forward." },
	{ .section = "forwarders", ROW("domains", PATTERNS, "{}", forwarders.domains), .decides = true,
	  .help = "Domains that forward, proven by a pass of SPF or DKIM." },

	{ RULE("action", ACTION, "report-only", action), .words = actions, .example = "\"reject\"",
	  .help = "What to do. A rule with report-only decides nothing: that it matched is logged, and the search goes on behind it." },
	{ RULE("reply", REPLY, "", reply), .example = "\"5.7.1 %{from-domain} does not write from there\"",
	  .help = "Reply of a rule that refuses." },
	{ CONDITION("spf", WORDS, AS_IF_SPF), .words = spf_codes, .example = "{\"fail\", \"softfail\"}",
	  .help = "Result for the envelope's domain, or for the HELO name when the sender is null." },
	{ CONDITION("spf-helo", WORDS, AS_IF_SPF_HELO), .words = spf_codes, .example = "{\"fail\"}",
	  .help = "Result for the HELO name; when the sender is null that is the same as spf." },
	{ CONDITION("dkim", WORDS, AS_IF_DKIM), .words = dkim_codes, .example = "{\"none\", \"fail\"}",
	  .help = "All signatures in one word: pass if one passes, else temperror if a key could not be had, else policy if one is not "
		  "acceptable, else fail." },
	{ CONDITION("dkim-domain", PATTERNS, AS_IF_DKIM_DOMAIN), .example = "{\"example.org\", \".example.org\"}",
	  .help = "A signature of this domain (d=) passes." },
	{ CONDITION("arc", WORDS, AS_IF_ARC), .words = arc_codes, .example = "{\"pass\"}", .help = "Result of the ARC chain." },
	{ CONDITION("arc-sealer", PATTERNS, AS_IF_ARC_SEALER), .example = "{\"forward.example\"}",
	  .help = "The chain passes, and its newest seal is of this domain." },
	{ CONDITION("dmarc", WORDS, AS_IF_DMARC), .words = dmarc_codes, .example = "{\"fail\", \"none\"}", .help = "Result of DMARC." },
	{ CONDITION("dmarc-policy", WORDS, AS_IF_DMARC_POLICY), .words = policies, .example = "{\"none\"}",
	  .help = "What the applied record asks for. Without a record this condition does not hold." },
	{ CONDITION("from-domain", PATTERNS, AS_IF_FROM_DOMAIN), .example = "{\"example.com\", \".example.com\"}",
	  .help = "Domain of the author. Anybody can claim it." },
	{ CONDITION("display-name-domain", PATTERNS, AS_IF_DISPLAY_NAME), .example = "{\"example.com\", \".example.com\"}",
	  .help = "The name beside the author's address shows an address of this domain, and the author has another one." },
	{ CONDITION("envelope-domain", PATTERNS, AS_IF_ENVELOPE_DOMAIN), .example = "{\"example.com\"}",
	  .help = "Domain of the envelope sender. Anybody can claim it unless spf = pass." },
	{ CONDITION("helo", PATTERNS, AS_IF_HELO), .example = "{\".example.com\"}",
	  .help = "Name that the client gave. Anybody can claim it." },
	{ CONDITION("client", CLIENTS, AS_IF_CLIENT), .example = "{\"198.51.100.0/24\", \"2001:db8::/32\"}",
	  .help = "Address of the client, or its name if iprev is on and confirms it." },
	{ CONDITION("iprev", WORDS, AS_IF_IPREV), .words = iprev_codes, .example = "{\"fail\", \"permerror\"}",
	  .help = "Does the reverse DNS of the client lead back to it? Needs iprev.enable." },
	{ CONDITION("recipient", ADDRESSES, AS_IF_RECIPIENT), .example = "{\"payroll@example.com\"}",
	  .help = "An envelope recipient, without regard to case." },
	{ CONDITION("recipient-domain", PATTERNS, AS_IF_RECIPIENT_DOMAIN), .example = "{\"example.com\"}",
	  .help = "Domain of an envelope recipient." },
	{ CONDITION("authenticated", WORDS, AS_IF_AUTHENTICATED), .words = booleans, .example = "{\"false\"}",
	  .help = "Did the client log in? With skip-authenticated such messages never come here." },
	{ CONDITION("tls", TEXTS, AS_IF_TLS), .example = "{\"none\", \"TLSv1\", \"TLSv1.1\"}",
	  .help = "How the message came: none, any, or the version or cipher that the MTA tells ({tls_version}, {cipher})." },
	{ CONDITION("dnssec", WORDS, AS_IF_DNSSEC), .words = states, .example = "{\"dmarc:insecure\"}",
	  .help = "DNSSEC state of the lookups of a method; for dkim those of signatures that pass." },
	{ CONDITION("list-id", PATTERNS, AS_IF_LIST_ID), .example = "{\"users.lists.example.org\", \".lists.example.org\"}",
	  .help = "The list that the field List-Id names, if a domain of its organization passes SPF, DKIM or ARC." },
	{ CONDITION("header-present", FIELDS, AS_IF_HEADER), .example = "{\"X-Mailer\"}", .help = "A header field of this name is there." },
	{ CONDITION("size", LIMITS, AS_IF_SIZE), .example = "{\">10m\"}",
	  .help = "Bytes of header and body. Letters as for other sizes." },
	{ RULE("percent", COUNT, "100", percent), .most = 100, .example = "100",
	  .help = "Matches only this share of the messages, chosen by their Message-ID, so that a message that is sent again and one that "
		  "another host gets fare alike." },
	{ RULE("expires", DATE, "", expires_s), .example = "\"2037-03-01\"",
	  .help = "The first day (UTC) on which the rule does not match any more." },
	{ RULE("owner", TEXT, "", owner), .example = "\"hostmaster\"", .help = "Who to ask about the rule." },
	{ RULE("reason", TEXT, "", reason), .example = "\"ticket 4711\"", .help = "Why it is there; it stands in the log." },

	{ TRANSLATION("recipient-domain", PATTERNS, "{}", domains), .example = "{\"example.fr\", \".example.fr\"}",
	  .help = "Domains of recipients. At least one." },
	{ TRANSLATION("file", FILE, "", file), .example = "\"/etc/assay/replies.french\"",
	  .help = "The texts, one NAME: TEXT in each line. It is read with this file. Needed." },
	{ .name = NULL },
};

const char *as_verb_name(enum as_verb verb)
{
	return as_table_name(all_verbs, (int)verb);
}
