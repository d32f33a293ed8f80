//! A token or password is never repeated: not in logs, numbers, errors or answers.

use crate::client;
use crate::house::{House, free_port};

const TOKEN: &str = "canary-token-7f3a91";
const PASSWORD: &str = "canary-password-c04d2e";

#[test]
fn secrets_reach_no_log_number_or_error() {
    let Some(house) = House::new() else { return };
    let config = house.path("highwater.toml");
    let password = house.path("password");
    std::fs::write(&password, PASSWORD).expect("a file");
    let text = format!(
        "[http]\ntoken = {{ env = \"CANARY_TOKEN\" }}\n[clickhouse]\npassword = {{ file = \"{}\" }}\n[log]\nlevel = \"trace\"\n",
        password.display()
    );
    std::fs::write(&config, text).expect("a file");
    let config = config.display().to_string();
    let house = house.with_environment("CANARY_TOKEN", TOKEN);
    let process = house.spawn(&["run", "--config", &config]);
    house.wait_until_ready();
    let mut answers = Vec::new();
    let ask = |authorization: Option<&str>, path: &str| {
        let answer = client::send(|client| {
            let request = client.post(house.url(path)).header("content-type", "application/json").body("{}");
            authorization.iter().fold(request, |request, value| request.header("authorization", *value))
        });
        answer.expect("an answer")
    };
    let right = format!("Bearer {TOKEN}");
    for (authorization, status) in [
        (None, 401),
        (Some("Bearer canary"), 401),
        (Some("Bearer "), 401),
        (Some(TOKEN), 401),
        (Some(right.as_str()), 200),
    ] {
        let answer = ask(authorization, "/v1/events");
        assert_eq!(answer.status, status, "{authorization:?}: {}", answer.body);
        answers.push(answer.body);
    }
    assert_eq!(ask(None, "/v1/rows").status, 401);
    assert_eq!(house.get("/v1/events/outcome?organizationId=a&id=b").map(|answer| answer.status), Ok(401));
    for (given, status) in [(PASSWORD, 200), ("wrong", 403), ("", 403)] {
        let url = format!("http://127.0.0.1:{}/", house.clickhouse_port);
        let answer = client::send(|client| client.post(url).basic_auth("default", Some(given)).body("SELECT 1"))
            .expect("an answer");
        let allowed = answer.status == 200;
        assert_eq!(allowed, status == 200, "{given}: {} {}", answer.status, answer.body);
        answers.push(answer.body);
    }
    for path in ["/metrics", "/readyz", "/version"] {
        answers.push(house.get(path).expect("an answer").body);
    }
    for arguments in [&["config", "show", "--origin"][..], &["config", "show", "--json"], &["check"], &["doctor"]] {
        let output = house.command(arguments).args(["--config", &config]).output().expect("it runs");
        answers.push(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned());
    }
    assert_eq!(process.terminate().code(), Some(0), "{}", house.said());

    // A server that is away, and one that refuses the password.
    let away = format!("clickhouse.url=http://127.0.0.1:{}", free_port());
    let process = house.spawn(&["run", "--config", &config, "--set", "clickhouse.embedded=false", "--set", &away]);
    house.until("it says that ClickHouse is away", || {
        let answer = house.get("/readyz").ok().filter(|answer| answer.body.contains("clickhouse: "))?;
        answers.push(answer.body);
        Some(())
    });
    drop(process);
    answers.push(house.said());
    for text in answers {
        for secret in [TOKEN, PASSWORD] {
            assert!(!text.contains(secret), "{}", &text[..text.len().min(2_000)]);
        }
    }
}
