
[38;2;215;119;87m ▐[48;2;0;0;0m▛███▛█[39m[49m   [1mClaude Code[0m[39m[49m [38;2;153;153;153mv2.1.330
[38;2;215;119;87m▝▜[48;2;0;0;0m█████[49m█▀[39m  [38;2;153;153;153mOpus 5.5 · API Usage Billing
[38;2;215;119;87m ▝▝   ▝▝ [39m  [38;2;153;153;153m~/work/app


[48;2;55;55;55m❯ [38;2;255;255;255mEDIT it[39m                                                                                           

[38;2;153;153;153m[49m●[39m Running the tests and clean
[38;2;153;153;153m  ⎿  $ npm test -- --run auth && rm -rf build

[38;2;177;185;249m────────────────────────────────────────────────────────────────────────────────────────────────────
[39m [1m[38;2;177;185;249mBash command
[0m[39m[49m [1mTip: auto mode handles these prompts for you — choose "switch to auto mode" below
[0m[39m[49m [38;2;153;153;153mRun the tests and clean
[38;2;80;80;80m╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
[39m npm test -- --run auth && rm -rf build
[38;2;80;80;80m╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
[39m This command requires approval

 Do you want to proceed?
 [38;2;177;185;249m❯[39m [38;2;153;153;153m1. [38;2;177;185;249mYes
[39m   [38;2;153;153;153m2. [39mYes, and don't ask again for [1mnpm test[0m[39m[49m and [1mrm -rf build[0m[39m[49m commands in [1m/home/user/ab/work/app
[0m[39m[49m   [38;2;153;153;153m3. [39mYes, and switch to auto mode[38;2;153;153;153m · auto mode handles these prompts for you[39m                      
   [38;2;153;153;153m4. [39mNo
                                                                                                  
 [38;2;153;153;153mEsc to cancel · Tab to amend[39m                                                                       


                                                    
