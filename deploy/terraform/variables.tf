variable "project_id" {
  description = "The Google Cloud project; it must exist and have billing."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id: 6 to 30 lower case letters, digits and dashes, as `gcloud projects list` prints it."
  }
}

variable "name" {
  description = "First part of every resource's name."
  type        = string
  default     = "seine"
  nullable    = false
  validation {
    # Service accounts take 30 characters, and NAME-worker is one.
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and dashes and begin with a letter: service accounts are called after it and may have 30."
  }
  validation {
    condition     = !startswith(var.name, "goog") && !strcontains(var.name, "google")
    error_message = "name must not begin with goog or hold google: Google keeps these names for itself."
  }
}

variable "region" {
  type     = string
  default  = "us-east1"
  nullable = false
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must look like us-east1."
  }
}

variable "zone" {
  description = "Where the cluster and its nodes stand: one zone, whose control plane is the free one."
  type        = string
  default     = "us-east1-b"
  nullable    = false
  validation {
    condition     = startswith(var.zone, "${var.region}-") && can(regex("-[a-z]$", var.zone))
    error_message = "zone must lie in region: for us-east1 it is us-east1-b, -c or -d."
  }
}

variable "vpc_cidr" {
  description = "The whole network. Nodes, services, the database's range and pods are cut out of it."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false
  validation {
    condition = (can(cidrhost(var.vpc_cidr, 0)) && endswith(var.vpc_cidr, "/16") &&
    anytrue([startswith(var.vpc_cidr, "10."), startswith(var.vpc_cidr, "192.168."), can(regex("^172\\.(1[6-9]|2[0-9]|3[01])\\.", var.vpc_cidr))]))
    error_message = "vpc_cidr must be a private /16, such as 10.0.0.0/16: the ranges within it are cut for that size."
  }
}

variable "egress" {
  description = "node_ip: each node has a public address of its own. nat: private nodes behind nat_addresses reserved ones."
  type        = string
  default     = "node_ip"
  nullable    = false
  validation {
    condition     = contains(["node_ip", "nat"], var.egress)
    error_message = "egress must be node_ip (a public address a node) or nat (a few reserved addresses for all)."
  }
}

variable "nat_addresses" {
  description = "Reserved public addresses, with egress = nat."
  type        = number
  default     = 2
  nullable    = false
  validation {
    condition     = var.nat_addresses >= 1 && var.nat_addresses <= 32 && floor(var.nat_addresses) == var.nat_addresses
    error_message = "nat_addresses must be a whole number from 1 to 32."
  }
}

variable "nodes" {
  description = "Least nodes, and most nodes with a worker. The pool has one node more, for the cluster's own pods."
  type        = object({ min = optional(number, 1), max = optional(number, 8) })
  default     = {}
  nullable    = false
  validation {
    condition     = var.nodes.min >= 1 && var.nodes.max >= var.nodes.min && var.nodes.max <= 200
    error_message = "nodes must satisfy 1 <= min <= max <= 200: the cluster's own pods need one node, and the pods' range holds 256."
  }
  validation {
    condition     = floor(var.nodes.min) == var.nodes.min && floor(var.nodes.max) == var.nodes.max
    error_message = "nodes.min and nodes.max must be whole numbers of machines."
  }
}

variable "spot_max" {
  description = "Most nodes of a second pool of spot machines, which the component spot sends workers to. 0: no such pool."
  type        = number
  default     = 0
  nullable    = false
  validation {
    condition     = var.spot_max >= 0 && var.spot_max <= 50 && floor(var.spot_max) == var.spot_max
    error_message = "spot_max must be a whole number from 0 to 50."
  }
}

variable "machine_type" {
  description = "Of a node, which carries one worker beside the cluster's own pods."
  type        = string
  default     = "e2-medium"
  nullable    = false
  validation {
    # x86, as the image is built for. A worker asks for 300m and 512 MiB and may
    # take 1 GiB; the system's pods and the node itself take some 1.5 GiB: 3.5 GiB
    # at least, which e2-small and machines of 2 CPUs with little memory have not.
    condition = anytrue([
      var.machine_type == "e2-medium",
      can(regex("^(e2|n1|n2|n2d|n4|n4d|c2|c2d|c3|c3d|c4|c4d|t2d)-(standard|highmem|highcpu)-[0-9]+(-lssd)?$", var.machine_type)) && !endswith(var.machine_type, "-highcpu-2"),
      try(tonumber(regex("^(?:(?:e2|n2|n2d|n4|n4d)-)?custom-[0-9]+-([0-9]+)(?:-ext)?$", var.machine_type)[0]) >= 3584, false),
    ])
    error_message = "machine_type must be an x86 one that carries a worker of 1 GiB beside the cluster's own pods: e2-medium or larger, as e2-standard-2 or e2-custom-2-4096; not e2-small, which has 2 GB."
  }
}

variable "sandbox_max" {
  description = "Most nodes of a pool with gVisor, which the component gvisor sends workers to. The output sandbox_pool is the command that makes the pool. 0: no such pool."
  type        = number
  default     = 0
  nullable    = false
  validation {
    condition     = var.sandbox_max >= 0 && var.sandbox_max <= 50 && floor(var.sandbox_max) == var.sandbox_max
    error_message = "sandbox_max must be a whole number from 0 to 50."
  }
}

variable "kubernetes_version" {
  description = "The lowest version of the control plane, such as 1.35. Lists what the channel offers: gcloud container get-server-config --zone ZONE --flatten=channels --filter=channels.channel=REGULAR."
  type        = string
  default     = "1.35"
  nullable    = false
  validation {
    # The pooler's proxy is a sidecar container, which is stable since 1.33.
    condition     = can(regex("^1\\.[0-9]+(\\.[0-9]+(-gke\\.[0-9]+)?)?$", var.kubernetes_version)) && try(tonumber(split(".", var.kubernetes_version)[1]) >= 33, false)
    error_message = "kubernetes_version must be 1.33 or later, such as 1.35 or 1.35.1-gke.100."
  }
}

variable "node_disk_gb" {
  type     = number
  default  = 30
  nullable = false
  validation {
    condition     = var.node_disk_gb >= 20 && var.node_disk_gb <= 500 && floor(var.node_disk_gb) == var.node_disk_gb
    error_message = "node_disk_gb must be a whole number from 20 to 500: the node's image and a browser's image take some 15."
  }
}

variable "database" {
  description = <<-D
    edition and tier go together: ENTERPRISE has db-f1-micro, db-g1-small and
    db-custom-CPUS-MIB, ENTERPRISE_PLUS has db-perf-optimized-N-CPUS.
    high_availability keeps a second machine in another zone.
  D
  type = object({
    edition           = optional(string, "ENTERPRISE")
    tier              = optional(string, "db-g1-small")
    high_availability = optional(bool, false)
    disk_gb           = optional(number, 10)
    backups           = optional(number, 7)
    log_days          = optional(number, 7)
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["ENTERPRISE", "ENTERPRISE_PLUS"], var.database.edition)
    error_message = "database.edition must be ENTERPRISE or ENTERPRISE_PLUS."
  }
  validation {
    condition = (var.database.edition != "ENTERPRISE" || contains(["db-f1-micro", "db-g1-small"], var.database.tier) ||
    can(regex("^db-custom-[0-9]+-[0-9]+$", var.database.tier)))
    error_message = "database.tier does not fit the edition ENTERPRISE: it has db-f1-micro, db-g1-small and db-custom-CPUS-MIB; for db-perf-optimized-N-CPUS set edition to ENTERPRISE_PLUS."
  }
  validation {
    condition     = var.database.edition != "ENTERPRISE_PLUS" || can(regex("^db-perf-optimized-N-[0-9]+$", var.database.tier))
    error_message = "database.tier does not fit the edition ENTERPRISE_PLUS: it has db-perf-optimized-N-CPUS; for db-f1-micro, db-g1-small and db-custom-CPUS-MIB set edition to ENTERPRISE."
  }
  validation {
    # 1 or an even number of CPUs to 96; 0.9 to 6.5 GiB a CPU, 3840 MiB at
    # least, in steps of 256.
    condition = !can(regex("^db-custom-[0-9]+-[0-9]+$", var.database.tier)) || try(alltrue([for n in [[for p in slice(split("-", var.database.tier), 2, 4) : tonumber(p)]] : alltrue([
      n[0] == 1 || (n[0] % 2 == 0 && n[0] >= 2 && n[0] <= 96),
      n[1] >= 3840, n[1] % 256 == 0, n[1] >= n[0] * 921.6, n[1] <= n[0] * 6656,
    ])]), false)
    error_message = "database.tier: db-custom-CPUS-MIB takes 1 or an even number of CPUs up to 96, and from 0.9 to 6.5 GiB a CPU, 3840 MiB at least, in steps of 256: db-custom-2-7680."
  }
  validation {
    condition     = var.database.disk_gb >= 10 && var.database.backups >= 1 && var.database.log_days >= 1 && var.database.log_days <= (var.database.edition == "ENTERPRISE" ? 7 : 35)
    error_message = "database: disk_gb is 10 at least, backups 1 at least, log_days 1 to 7 (to 35 with ENTERPRISE_PLUS)."
  }
  validation {
    condition     = alltrue([for n in [var.database.disk_gb, var.database.backups, var.database.log_days] : floor(n) == n])
    error_message = "database: disk_gb, backups and log_days must be whole numbers."
  }
}

variable "pooler" {
  description = "The component pooler is used: PgBouncer between workers and database."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_protection" {
  description = "Database, cluster and a bucket that is not empty can't be destroyed while it is true."
  type        = bool
  default     = true
  nullable    = false
}

variable "admin_cidrs" {
  description = "Who may reach the control plane by address, by name of the network. Empty: by its DNS name and IAM alone."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for c in values(var.admin_cidrs) : can(cidrhost(c, 0)) && try(tonumber(split("/", c)[1]) >= 8, false)])
    error_message = "admin_cidrs must be networks such as 203.0.113.0/24, and not the whole internet."
  }
}

variable "namespace" {
  description = "The workers' namespace; overlays/gke/kustomization.yaml names the same."
  type        = string
  default     = "seine"
  nullable    = false
  validation {
    # kubernetes/check refuses the same.
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace)) && !can(regex("^(default|keda|(kube|gke|gmp)-.*|.*-system)$", var.namespace))
    error_message = "namespace must be a Kubernetes name of at most 63 lower case letters, digits and dashes, and one of its own: not default, keda, kube-*, gke-*, gmp-* or *-system."
  }
}

variable "service_account" {
  description = "The workers' Kubernetes service account; base/serviceaccount.yaml names the same."
  type        = string
  default     = "worker"
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.service_account)) && var.service_account != "default"
    error_message = "service_account must be a Kubernetes name, and not default: every pod without one of its own would have the workers' rights."
  }
}

variable "budget" {
  description = "Mails the billing account's administrators at half, at nine tenths and at the whole of an amount a month. null: no budget."
  type        = object({ billing_account = string, amount = number, currency = optional(string, "USD") })
  default     = null
  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account must look like 012345-6789AB-CDEF01, as `gcloud billing accounts list` prints it."
  }
  validation {
    condition     = var.budget == null || try(var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "budget.amount must be a whole number of the currency's units, 1 at least."
  }
  validation {
    condition     = var.budget == null || can(regex("^[A-Z]{3}$", var.budget.currency))
    error_message = "budget.currency must be the billing account's, by its code of three letters: USD, EUR."
  }
}
