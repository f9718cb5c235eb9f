package verify

// The checks that find a mistake.
const (
	settings = iota // an assert of tests/settings.tftest.hcl
	choices         // an assert of tests/choices.tftest.hcl
	alone           // an error in a run of that file, which hides its asserts
	schema          // the provider's schema, or Terraform itself
)

type mutation struct {
	name, file, from, to, want string
	by                         int
}

// terraformMutations are plausible mistakes in the root, each with the message that finds it.
var terraformMutations = []mutation{
	// These are mistakes of the original's root, with their cost.
	{name: "no edition", file: "database.tf", from: "edition                     = var.database.edition", to: "edition                     = null", want: "the edition is written"},
	{name: "public database", file: "database.tf", from: "ipv4_enabled    = false", to: "ipv4_enabled    = true", want: "the database has no public address"},
	{name: "a password", file: "database.tf", from: `type            = "CLOUD_IAM_SERVICE_ACCOUNT"`, to: `type            = "BUILT_IN"` + "\n  password        = \"x\"", want: "the worker logs in as its service account"},
	{name: "a password beside IAM", file: "database.tf", from: `type            = "CLOUD_IAM_SERVICE_ACCOUNT"`, to: `type            = "CLOUD_IAM_SERVICE_ACCOUNT"` + "\n  password        = \"x\"", want: "no password in the state"},
	{name: "a login that can't be dropped", file: "database.tf", from: "  deletion_policy = \"ABANDON\"\n", to: "", want: "the login goes with the database"},
	{name: "no backups", file: "database.tf", from: "enabled                        = true", to: "enabled                        = false", want: "backups, and recovery to a point in time"},
	{name: "no recovery", file: "database.tf", from: "point_in_time_recovery_enabled = true", to: "point_in_time_recovery_enabled = false", want: "backups, and recovery to a point in time"},
	{name: "clear text", file: "database.tf", from: `"ENCRYPTED_ONLY"`, to: `"ALLOW_UNENCRYPTED_AND_ENCRYPTED"`, want: "no connection in the clear"},
	{name: "IAM login off", file: "database.tf", from: `value = "on"`, to: `value = "off"`, want: "login by IAM"},
	{name: "the login's whole e-mail", file: "database.tf", from: `trimsuffix(google_service_account.worker.email, ".gserviceaccount.com")`, to: "google_service_account.worker.email", want: "by the name that PostgreSQL knows"},
	{name: "unprotected", file: "database.tf", from: "deletion_protection_enabled = var.deletion_protection", to: "deletion_protection_enabled = false", want: "by Terraform and by the API"},
	{name: "an older server", file: "database.tf", from: "POSTGRES_17", to: "POSTGRES_13", want: "PostgreSQL 17"},
	{name: "logs for a day", file: "database.tf", from: "= var.database.log_days", to: "= 1", want: "a week of backups and logs"},

	{name: "a public bucket", file: "storage.tf", from: "\"enforced\"\n  force_destroy               = !var", to: "\"inherited\"\n  force_destroy               = !var", want: "the bucket can't be made public"},
	{name: "access lists", file: "storage.tf", from: "-assets\"\n  location                    = var.region\n  uniform_bucket_level_access = true", to: "-assets\"\n  location                    = var.region\n  uniform_bucket_level_access = false", want: "no access lists on objects"},
	{name: "no soft delete", file: "storage.tf", from: "604800", to: "0", want: "what was deleted can be had back for a week"},
	{name: "assets expire", file: "storage.tf", from: `type = "AbortIncompleteMultipartUpload"`, to: `type = "Delete"`, want: "no rule deletes assets"},
	{name: "destroyed when full", file: "storage.tf", from: "!var.deletion_protection", to: "true", want: "a bucket that is not empty is not destroyed"},
	{name: "tags that move", file: "storage.tf", from: "immutable_tags = true", to: "immutable_tags = false", want: "a tag always names the same image"},
	{name: "nothing cleaned up", file: "storage.tf", from: `action = "DELETE"`, to: `action = "KEEP"`, want: "old images go, the last ones stay"},

	{name: "the project's buckets", file: "identity.tf", from: "roles/storage.objectUser", to: "roles/storage.admin", want: "and does not administer it"},
	{name: "another namespace", file: "identity.tf", from: "${var.namespace}/${var.service_account}", to: "default/${var.service_account}", want: "the manifests' service account, and no other"},
	{name: "every instance", file: "identity.tf", from: `resource.name == \"projects/${var.project_id}/instances/${google_sql_database_instance.queue.name}\" && `, to: "", want: "of the project's instances the worker may use this one"},
	{name: "nodes may edit the project", file: "identity.tf", from: "roles/container.defaultNodeServiceAccount", to: "roles/editor", want: "nodes write logs and metrics, no more"},
	{name: "nodes may push", file: "identity.tf", from: "roles/artifactregistry.reader", to: "roles/artifactregistry.writer", want: "nodes pull images"},
	{name: "the database reads assets", file: "identity.tf", from: "bucket = google_storage_bucket.admin.name", to: "bucket = google_storage_bucket.assets.name", want: "the database reads the bucket of SQL files"},
	{name: "workers write the administrator's SQL", file: "identity.tf", from: "bucket = google_storage_bucket.assets.name\n  role   = \"roles/storage.objectUser\"", to: "bucket = google_storage_bucket.admin.name\n  role   = \"roles/storage.objectUser\"", want: "workers cannot write the SQL"},
	{name: "a password in the deleted files", file: "storage.tf", from: "retention_duration_seconds = 0", to: "retention_duration_seconds = 86400", want: "a deleted file of SQL is gone"},
	{name: "SQL that is forgotten", file: "storage.tf", from: "age = 1\n", to: "age = 365\n", want: "a deleted file of SQL is gone"},
	{name: "a version of the channel's choice", file: "cluster.tf", from: "min_master_version = var.kubernetes_version", to: "min_master_version = null", want: "the lowest version of the control plane is written"},
	{name: "gVisor on a shared core", file: "outputs.tf", from: `"e2-standard-2"`, to: `"e2-medium"`, want: "machines that gVisor takes", by: choices},
	{name: "a pool without gVisor", file: "outputs.tf", from: "--sandbox type=gvisor ", to: "", want: "a pool with gVisor in this cluster", by: choices},
	{name: "the node's credentials under gVisor", file: "outputs.tf", from: "GKE_METADATA", to: "GCE_METADATA", want: "nodes with gVisor are locked", by: choices},
	{name: "the worker administers databases", file: "main.tf", from: `"roles/cloudsql.client", `, to: `"roles/cloudsql.admin", `, want: "the worker may connect and log in, no more"},
	{name: "APIs are turned off", file: "main.tf", from: "disable_on_destroy = false", to: "disable_on_destroy = true", want: "must not turn APIs off"},
	{name: "ranges overlap", file: "main.tf", from: "services_cidr    = cidrsubnet(var.vpc_cidr, 4, 1)", to: "services_cidr    = cidrsubnet(var.vpc_cidr, 4, 0)", want: "do not overlap"},

	{name: "a subnetwork in every region", file: "network.tf", from: "auto_create_subnetworks = false", to: "auto_create_subnetworks = true", want: "has only the subnetwork that is written here"},
	{name: "no private access", file: "network.tf", from: "private_ip_google_access = true", to: "private_ip_google_access = false", want: "nodes reach Google's APIs"},
	{name: "the database's range anywhere", file: "network.tf", from: "cidrhost(local.database_cidr, 0)", to: `"10.9.0.0"`, want: "do not overlap"},

	{name: "no Workload Identity", file: "cluster.tf", from: "workload_pool = local.workload_pool", to: "workload_pool = null", want: "Workload Identity"},
	{name: "policies not enforced", file: "cluster.tf", from: "ADVANCED_DATAPATH", to: "LEGACY_DATAPATH", want: "NetworkPolicies are words"},
	{name: "no channel", file: "cluster.tf", from: `"REGULAR"`, to: `"UNSPECIFIED"`, want: "a release channel keeps the cluster patched"},
	{name: "the default pool stays", file: "cluster.tf", from: "remove_default_node_pool = true", to: "remove_default_node_pool = false", want: "no pool but ours"},
	{name: "no DNS cache", file: "cluster.tf", from: "dns_cache_config {\n      enabled = true", to: "dns_cache_config {\n      enabled = false", want: "the node's DNS cache, which the NetworkPolicies allow"},
	{name: "an open control plane", file: "cluster.tf", from: "length(var.admin_cidrs) > 0\n    }", to: "true\n    }", want: "the control plane has no open address"},
	{name: "client certificates", file: "cluster.tf", from: "issue_client_certificate = false", to: "issue_client_certificate = true", want: "no client certificates"},
	{name: "no managed Prometheus", file: "cluster.tf", from: "managed_prometheus {\n      enabled = true", to: "managed_prometheus {\n      enabled = false", want: "by managed Prometheus"},
	{name: "the node's credentials", file: "cluster.tf", from: "GKE_METADATA", to: "GCE_METADATA", want: "pods must not see the node's own credentials"},
	{name: "the default account", file: "cluster.tf", from: "service_account = google_service_account.node.email\n    oauth_scopes", to: "service_account = \"default\"\n    oauth_scopes", want: "nodes run as their own account"},
	{name: "no repair", file: "cluster.tf", from: "auto_repair  = true", to: "auto_repair  = false", want: "nodes are repaired and upgraded"},
	{name: "no secure boot", file: "cluster.tf", from: "enable_secure_boot          = true", to: "enable_secure_boot          = false", want: "secure boot"},
	{name: "a fixed number of nodes", file: "cluster.tf", from: "initial_node_count = each.value.min # no node_count: it would fight the autoscaler", to: "node_count = 8", want: "the autoscaler moves the number of nodes"},
	{name: "no most of nodes", file: "cluster.tf", from: "total_max_node_count = each.value.max", to: "total_max_node_count = 1000", want: "1 to 9 nodes"},
	{name: "no node for the cluster's own pods", file: "cluster.tf", from: "max = var.nodes.max + 1 }", to: "max = var.nodes.max }", want: "1 to 9 nodes"},
	{name: "spot machines for all", file: "cluster.tf", from: "spot            = each.value.spot", to: "spot            = true", want: "not a spot machine"},
	{name: "too many pods a node", file: "main.tf", from: "max_pods_a_node  = 32", to: "max_pods_a_node  = 110", want: "32 pods a node"},

	{name: "private nodes without NAT's addresses", file: "network.tf", from: `"MANUAL_ONLY"`, to: `"AUTO_ONLY"`, want: "three reserved addresses", by: choices},
	{name: "public nodes beside NAT", file: "cluster.tf", from: "network_config {\n    enable_private_nodes = !local.public_nodes", to: "network_config {\n    enable_private_nodes = false", want: "nodes have no public address", by: choices},
	{name: "spot machines for every pod", file: "cluster.tf", from: "for_each = each.value.spot ? [1] : []", to: "for_each = []", want: "only pods that ask for it", by: choices},
	{name: "a budget for all projects", file: "main.tf", from: `projects = ["projects/${data.google_project.this.number}"]`, to: "projects = []", want: "200 a month for this project", by: choices},
	{name: "one machine when two were asked for", file: "database.tf", from: `"REGIONAL" : "ZONAL"`, to: `"ZONAL" : "ZONAL"`, want: "a second machine in another zone", by: choices},

	// These mistakes fail a test run with several choices.
	{name: "connections of another tier", file: "database.tf", from: "[1.7, 50]", to: "[1.7, 40]", want: "room for 13 workers", by: alone},
	{name: "half of the memory", file: "database.tf", from: "local.tier_numbers[1] / 1024", to: "local.tier_numbers[1] / 2048", want: "room for 43 workers", by: alone},
	{name: "Cloud SQL's own connections are given away", file: "database.tf", from: "reserved_connections = 3 + 3 + 5", to: "reserved_connections = 20", want: "20 are reserved", by: alone},
	{name: "no connections for an update", file: "database.tf", from: "/ 2) - 1\n", to: "/ 2) - 2\n", want: "room for 17 workers", by: alone},
	{name: "null for nothing", file: "variables.tf", from: "  default  = {}\n  nullable = false\n  validation {\n    condition     = contains", to: "  default  = {}\n  validation {\n    condition     = contains", want: "Attempt to get attribute from null value", by: alone},

	// The schema finds these mistakes.
	{name: "a misspelt attribute", file: "database.tf", from: "disk_autoresize ", to: "disk_autoresise ", want: `An argument named "disk_autoresise" is not expected here`, by: schema},
	{name: "a block of another version", file: "cluster.tf", from: "shielded_instance_config {", to: "sandbox_config {\n      type = \"gvisor\"\n    }\n    shielded_instance_config {", want: `Blocks of type "sandbox_config" are not expected here`, by: schema},
	{name: "a missing argument", file: "storage.tf", from: "-assets\"\n  location                    = var.region\n", to: "-assets\"\n", want: `The argument "location" is required`, by: schema},
	{name: "text for a number", file: "cluster.tf", from: "disk_size_gb    = var.node_disk_gb", to: `disk_size_gb    = "thirty"`, want: "a number is required", by: schema},
	{name: "a rule without validation", file: "variables.tf", from: `startswith(var.zone, "${var.region}-")`, to: `startswith("${var.region}-", var.zone)`, want: "zone must lie in region", by: schema},
}
