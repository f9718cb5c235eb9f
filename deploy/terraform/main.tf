locals {
  apis = toset([
    "artifactregistry.googleapis.com", "billingbudgets.googleapis.com", "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com", "container.googleapis.com", "iam.googleapis.com", "iamcredentials.googleapis.com",
    "logging.googleapis.com", "monitoring.googleapis.com", "servicenetworking.googleapis.com",
    "sqladmin.googleapis.com", "storage.googleapis.com",
  ])

  # 10.0.0.0/16 in four parts: nodes 10.0.0.0/20, services 10.0.16.0/20, the
  # database's range 10.0.32.0/20, pods 10.0.64.0/18: 256 nodes of 32 pods.
  nodes_cidr       = cidrsubnet(var.vpc_cidr, 4, 0)
  services_cidr    = cidrsubnet(var.vpc_cidr, 4, 1)
  database_cidr    = cidrsubnet(var.vpc_cidr, 4, 2)
  pods_cidr        = cidrsubnet(var.vpc_cidr, 2, 1)
  max_pods_a_node  = 32
  public_nodes     = var.egress == "node_ip"
  workload_pool    = "${var.project_id}.svc.id.goog"
  most_workers     = var.nodes.max + var.spot_max + var.sandbox_max # one worker per node
  worker_sql_roles = toset(["roles/cloudsql.client", "roles/cloudsql.instanceUser"])
}

resource "google_project_service" "api" {
  for_each           = local.apis
  service            = each.key
  disable_on_destroy = false
}

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_billing_budget" "month" {
  count           = var.budget == null ? 0 : 1
  billing_account = var.budget.billing_account
  display_name    = "${var.name}, a month"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.amount)
    }
  }
  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }
  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }
  depends_on = [google_project_service.api]
}
