//! The contract: tests that any implementation is put through.

pub(crate) mod clients;
pub(crate) mod deciding;
pub(crate) mod logins;
pub(crate) mod people;
pub(crate) mod races;
pub(crate) mod redeeming;
pub(crate) mod sessions;
pub(crate) mod sweeping;

/// Makes a test of each part of the contract. `$made` makes a new, empty store and whatever has to live as long as it.
macro_rules! contract {
    ($made:path) => {
        contract! { $made;
            clients::a_client_is_kept_and_found,
            clients::a_client_that_is_looked_up_is_used,
            clients::hostile_38_a_registration_that_is_one_too_many_is_refused,
            clients::of_two_key_rings_of_one_version_the_first_stays,
            deciding::a_person_agrees_once,
            deciding::a_person_says_no,
            deciding::agreeing_is_remembered_beside_what_was_agreed_before,
            deciding::hostile_20_a_browser_that_did_not_start_decides_nothing,
            deciding::who_signed_out_agrees_to_nothing,
            deciding::of_two_logins_of_one_paircode_the_first_counts,
            deciding::what_is_not_there_yet_is_not_decided,
            logins::a_login_goes_all_the_way,
            logins::a_login_is_found_by_its_names,
            logins::a_code_that_is_there_already_is_taken,
            logins::hostile_38_a_login_that_is_one_too_many_is_refused_and_nobody_is_put_out,
            logins::what_has_ended_makes_room,
            logins::a_callback_is_taken_once,
            logins::hostile_10_whose_callback_it_is_not_learns_nothing,
            logins::a_login_fails_only_at_the_provider,
            logins::a_device_meets_its_browser,
            logins::a_device_that_has_a_browser_is_no_other_s,
            logins::a_signed_in_browser_goes_straight_on,
            logins::an_expired_login_is_over,
            people::a_person_is_one_row_brought_up_to_date,
            people::a_removed_person_takes_everything_along,
            people::people_are_listed_last_seen_first,
            redeeming::a_code_buys_one_session,
            redeeming::hostile_11_a_replayed_code_revokes_what_it_bought,
            redeeming::hostile_11_a_code_is_known_long_after_its_login,
            redeeming::a_device_and_a_pairing_are_redeemed_once,
            redeeming::what_is_not_granted_is_not_redeemed,
            redeeming::a_provider_s_token_is_handed_on_once,
            races::hostile_09_of_many_callbacks_one_is_taken,
            races::hostile_11_of_many_who_redeem_one_gets_it,
            races::hostile_11_of_many_refreshes_one_goes_through,
            races::many_logins_of_one_paircode_are_granted_once,
            races::of_many_first_logins_of_a_person_one_row_comes,
            sessions::a_session_is_found_by_name_and_handle,
            sessions::a_refresh_changes_the_secret,
            sessions::hostile_11_an_old_refresh_token_revokes_the_session,
            sessions::a_refresh_token_of_another_client_is_unknown,
            sessions::a_session_that_ended_is_not_refreshed,
            sessions::a_session_is_revoked_once,
            sessions::an_access_token_is_good_while_its_session_is,
            sessions::use_is_noted_to_the_minute,
            sessions::sessions_are_listed_newest_first,
            sweeping::what_has_expired_is_removed_and_nothing_else,
            sweeping::however_much_expired_it_all_goes,
            sweeping::unused_clients_go_with_their_consent,
        }
    };
    ($made:path; $($part:ident::$test:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let (_kept, store) = $made();
            $crate::broker::store::tests::contract::$part::$test(store).await;
        }
    )*};
}

pub(crate) use contract;
